import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { beforeEach, expect, test } from "@odoo/hoot";
import { click, edit, queryAllTexts } from "@odoo/hoot-dom";
import { animationFrame, mockDate, runAllTimers } from "@odoo/hoot-mock";
import {
    contains,
    getService,
    mockService,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { WebClient } from "@web/webclient/webclient";

const KINDS = [
    { kind: "mail", label: "Mails", icon: "fa-envelope" },
    { kind: "order", label: "Orders", icon: "fa-shopping-cart" },
    { kind: "invoice", label: "Invoices", icon: "fa-file-text" },
];

let asked = [];
let answer = null;

function row(kind, id, values = {}) {
    return {
        key: `${kind}-${id}`,
        kind,
        id,
        at: "2026-03-10 08:00:00",
        day: false,
        title: `${kind} ${id}`,
        kind_name: kind,
        icon: "fa-star",
        amount: null,
        currency: false,
        state_name: false,
        colour: "secondary",
        contact_name: false,
        user_name: false,
        preview: "",
        incoming: false,
        open_model: "res.partner",
        open_id: id,
        ...values,
    };
}

function customer(timeline, header = {}) {
    return {
        header: {
            id: 7,
            name: "Hongtai",
            is_company: true,
            place: "Shanghai, China",
            industry: "",
            size: "",
            user: "Li",
            email: "",
            phone: "",
            level: false,
            level_reason: "",
            stage: "customer",
            stage_name: "Customer",
            stage_reason: "",
            stage_date: "",
            contacts: [],
            ...header,
        },
        figures: [{ key: "revenue", label: "Lifetime revenue", type: "number", value: 1234 }],
        kinds: KINDS,
        timeline,
    };
}

/** Open the view on a customer whose first page is this one. */
async function open(timeline, header) {
    onRpc("res.partner", "get_customer_360", ({ args }) => {
        expect.step(`open ${args[0]}`);
        return customer(timeline, header);
    });
    onRpc("crm.interaction", "get_timeline", ({ args }) => {
        asked.push(args);
        return typeof answer === "function" ? answer(...args) : answer;
    });
    await mountWithCleanup(WebClient);
    await getService("action").doAction({
        type: "ir.actions.client",
        tag: "crm_customer.customer_360",
        context: { active_id: 7 },
    });
    await animationFrame();
}

const titles = () => queryAllTexts(".o_c360_row .o_c360_title b");

defineMailModels();
beforeEach(() => {
    asked = [];
    answer = { rows: [], cursor: null };
    mockDate("2026-03-10 12:00:00");
});

test("rows stand below their day, newest first as the server sent them", async () => {
    await open({
        rows: [
            row("order", 2),
            row("mail", 3, { at: "2026-03-10 07:00:00", incoming: true }),
            row("invoice", 4, { day: "2026-03-09", state_name: "Paid", colour: "success" }),
        ],
        cursor: null,
    });
    expect.verifySteps(["open 7"]);
    expect(titles()).toEqual(["order 2", "mail 3", "invoice 4"]);
    expect(".o_c360_group").toHaveCount(2);
    expect(".o_c360_group:eq(0) h2").toHaveText(/^Today/);
    expect(".o_c360_group:eq(1) h2").toHaveText(/^Yesterday/);
    expect("[data-kind=mail].o_c360_row .fa-envelope-open-o").toHaveCount(1);
    expect(".o_c360_row[data-kind=invoice] .badge").toHaveClass("text-bg-success");
    expect(".o_c360_end").toHaveText("This is where it began");

    await contains(".o_c360_by_month").click();
    expect(".o_c360_group").toHaveCount(1);
    expect(".o_c360_group h2").toHaveText("March 2026");
});

test("filters by kind: chips add up, and are taken away again", async () => {
    await open({ rows: [row("order", 1), row("mail", 2)], cursor: null });
    expect.verifySteps(["open 7"]);
    answer = (_id, filters) => ({
        rows: filters.kinds.map((kind, n) => row(kind, 10 + n)),
        cursor: null,
    });
    await contains(".o_c360_chip[data-kind=order]").click();
    expect(".o_c360_chip[data-kind=order]").toHaveAttribute("aria-pressed", "true");
    expect(titles()).toEqual(["order 10"]);
    await contains(".o_c360_chip[data-kind=invoice]").click();
    expect(titles()).toEqual(["order 10", "invoice 11"]);
    await contains(".o_c360_chip[data-kind=order]").click();
    expect(titles()).toEqual(["invoice 10"]);
    expect(asked.map(([id, filters, after]) => [id, [...filters.kinds], after])).toEqual([
        [7, ["order"], null],
        [7, ["order", "invoice"], null],
        [7, ["invoice"], null],
    ]);
    answer = { rows: [row("order", 1)], cursor: null };
    await contains(".o_c360_clear").click();
    expect(asked.at(-1)[1].kinds).toEqual([]);
    expect(".o_c360_clear").toHaveCount(0);
    expect(titles()).toEqual(["order 1"]);
});

test("filters by period and by words", async () => {
    await open({ rows: [row("order", 1)], cursor: null });
    expect.verifySteps(["open 7"]);
    await contains(".o_c360_period").click();
    await contains(".o-dropdown-item:contains(Last 3 months)").click();
    expect(asked.at(-1)[1].date_from).toBe("2025-12-10");
    expect(asked.at(-1)[1].date_to).toBe(false);
    expect(".o_c360_period").toHaveText("Last 3 months");
    const before = asked.length;
    await click(".o_c360_search input");
    await edit("pump");
    await runAllTimers();
    await animationFrame();
    expect(asked.length).toBe(before + 1, { message: "one question, when typing stopped" });
    expect(asked.at(-1)[1].search).toBe("pump");
});

test("an answer that comes late does not replace a newer one", async () => {
    await open({ rows: [row("order", 1)], cursor: null });
    expect.verifySteps(["open 7"]);
    const slow = Promise.withResolvers();
    answer = (_id, { kinds }) =>
        kinds.includes("invoice") ? { rows: [row("invoice", 3)], cursor: null } : slow.promise;
    await click(".o_c360_chip[data-kind=order]");
    await animationFrame();
    await click(".o_c360_chip[data-kind=invoice]");
    await animationFrame();
    expect(titles()).toEqual(["invoice 3"]);
    slow.resolve({ rows: [row("order", 2)], cursor: null });
    await animationFrame();
    expect(titles()).toEqual(["invoice 3"]);
});

test("pages: more is added below, from where the last one ended", async () => {
    const cursor = ["2026-03-01T08:00:00", "order", 2];
    await open({ rows: [row("order", 1), row("order", 2)], cursor });
    expect.verifySteps(["open 7"]);
    answer = { rows: [row("mail", 3, { at: "2026-02-01 08:00:00" })], cursor: null };
    await contains(".o_c360_load_more").click();
    expect(titles()).toEqual(["order 1", "order 2", "mail 3"]);
    expect([...asked[0][2]]).toEqual(cursor);
    expect(".o_c360_load_more").toHaveCount(0);
    expect(".o_c360_end").toHaveText("This is where it began");
});

test("nothing yet: it says what will appear, and offers no filter to clear", async () => {
    await open({ rows: [], cursor: null });
    expect.verifySteps(["open 7"]);
    expect(".o_c360_empty").toHaveText(/Nothing happened with this customer yet/);
    expect(".o_c360_empty button").toHaveCount(0);
    expect(".o_c360_card").toHaveText(/No contacts yet/);
});

test("nothing fits the filters: clearing them brings the rows back", async () => {
    await open({ rows: [row("order", 1)], cursor: null });
    expect.verifySteps(["open 7"]);
    await contains(".o_c360_chip[data-kind=invoice]").click();
    expect(".o_c360_empty").toHaveText(/Nothing fits these filters/);
    answer = { rows: [row("order", 1)], cursor: null };
    await contains(".o_c360_empty button").click();
    expect(titles()).toEqual(["order 1"]);
    expect(".o_c360_chip.active").toHaveCount(0);
});

test("a row opens what the server says its reader may see", async () => {
    await open({ rows: [row("invoice", 5, { open_model: "account.move" })], cursor: null });
    expect.verifySteps(["open 7"]);
    onRpc("crm.interaction", "action_open", ({ args }) => {
        expect.step(`ask ${args}`);
        return { type: "ir.actions.act_url", url: "/my/invoices/5", target: "new" };
    });
    mockService("action", {
        doAction: (action) => expect.step(`${action.type} ${action.url}`),
    });
    await contains(".o_c360_row").click();
    expect.verifySteps(["ask account.move,5", "ir.actions.act_url /my/invoices/5"]);
});

test("a figure without documents cannot be clicked", async () => {
    await open({ rows: [], cursor: null });
    expect.verifySteps(["open 7"]);
    expect(".o_c360_figure[data-key=revenue]").toHaveText(/1,234/);
    expect(".o_c360_figure[data-key=revenue]").toHaveProperty("disabled", true);
});
