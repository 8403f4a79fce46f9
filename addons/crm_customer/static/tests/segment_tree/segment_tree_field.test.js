import { expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    clickSave,
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

const OPERATORS = [
    ["all", "All of"],
    ["any", "At least one of"],
    ["none", "None of"],
];

class Segment extends models.Model {
    _name = "crm.segment";

    name = fields.Char();
    operator = fields.Selection({ selection: OPERATORS, default: "all" });
    condition_ids = fields.One2many({
        relation: "crm.segment.condition",
        relation_field: "segment_id",
    });

    _records = [{ id: 1, name: "Regulars", operator: "all", condition_ids: [11, 12, 13, 14] }];
}

class Condition extends models.Model {
    _name = "crm.segment.condition";

    segment_id = fields.Many2one({ relation: "crm.segment" });
    sequence = fields.Integer();
    level = fields.Integer();
    kind = fields.Selection({
        selection: [...OPERATORS, ["attribute", "Customer is"], ["behaviour", "Customer did"]],
        default: "attribute",
    });
    negate = fields.Boolean();
    summary = fields.Char();

    _records = [
        { id: 11, segment_id: 1, sequence: 1, level: 0, kind: "attribute", summary: "in Wuxi" },
        { id: 12, segment_id: 1, sequence: 2, level: 0, kind: "any", summary: "any" },
        { id: 13, segment_id: 1, sequence: 3, level: 1, kind: "behaviour", summary: "bought" },
        { id: 14, segment_id: 1, sequence: 4, level: 1, kind: "behaviour", summary: "visited" },
    ];
    _views = {
        form: `<form><field name="kind"/><field name="summary"/></form>`,
    };
}

defineModels([Segment, Condition]);
defineMailModels();

const ARCH = `
    <form>
        <field name="operator" invisible="1"/>
        <field name="condition_ids" widget="crm_segment_tree" mode="list">
            <list default_order="sequence, id">
                <field name="sequence" widget="handle"/>
                <field name="level"/>
                <field name="kind"/>
                <field name="negate"/>
                <field name="summary"/>
            </list>
        </field>
    </form>`;

let asked = [];

async function mountTree(resId = 1) {
    asked = [];
    onRpc("crm.segment", "live_count", ({ args }) => {
        asked.push(args);
        return { count: 1234, sample: "Ann, Bob", error: "" };
    });
    await mountView({ type: "form", resModel: "crm.segment", resId, arch: ARCH });
}

/** Have the web client save, and return the commands of the conditions by id. */
async function saved() {
    const commands = {};
    onRpc("crm.segment", "web_save", ({ args }) => {
        for (const [code, id, values] of args[1].condition_ids || []) {
            commands[typeof id === "number" ? id : "new"] = [code, values];
        }
        expect.step("save");
    });
    await clickSave();
    expect.verifySteps(["save"]);
    return commands;
}

async function choose(node, item) {
    await contains(`${node} .o_segment_more`).click();
    await contains(`.o-dropdown--menu .${item}`).click();
}

const leaf = (text) => `.o_segment_leaf:contains(${text})`;
const sentences = () => queryAllTexts(".o_segment_sentence");

test("draws groups, sentences and what joins them", async () => {
    await mountTree();
    expect(sentences()).toEqual(["in Wuxi", "bought", "visited"]);
    expect(".o_segment_group").toHaveCount(2);
    expect(queryAllTexts(".o_segment_joint")).toEqual(["and", "or"]);
    expect(".o_segment_operator:eq(0)").toHaveValue("all");
    expect(".o_segment_operator:eq(1)").toHaveValue("any");
});

test("counts once the changes pause", async () => {
    await mountTree();
    expect(".o_segment_number").toHaveCount(0);
    await advanceTime(700);
    expect(".o_segment_number").toHaveText("1,234 customers");
    expect(".o_segment_count").toHaveText(/Ann, Bob/);
    expect(asked).toHaveLength(1);
    await contains(".o_segment_operator:eq(0)").select("none");
    await contains(".o_segment_operator:eq(1)").select("all");
    await advanceTime(700);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual([
        [1],
        { operator: "none", condition_ids: [[1, 12, { kind: "all" }]] },
    ]);
});

test("shows why the customers cannot be counted", async () => {
    await mountTree();
    onRpc("crm.segment", "live_count", () => ({ count: 0, sample: "", error: "Row 2 is empty" }));
    await advanceTime(700);
    expect(".o_segment_count.alert-warning").toHaveText(/Row 2 is empty/);
});

test("moves up and down with what belongs to a group", async () => {
    await mountTree();
    expect(`${leaf("in Wuxi")} .o_segment_up`).not.toBeEnabled();
    await contains(`${leaf("visited")} .o_segment_up`).click();
    expect(sentences()).toEqual(["in Wuxi", "visited", "bought"]);
    await contains(".o_segment_children .o_segment_group .o_segment_up:eq(0)").click();
    expect(sentences()).toEqual(["visited", "bought", "in Wuxi"]);
    expect(await saved()).toEqual({
        11: [1, { sequence: 4 }],
        12: [1, { sequence: 1 }],
        13: [1, { sequence: 3 }],
        14: [1, { sequence: 2 }],
    });
});

test("moves out of a group, into it, and negates", async () => {
    await mountTree();
    await choose(leaf("bought"), "o_segment_out");
    expect(sentences()).toEqual(["in Wuxi", "visited", "bought"]);
    expect(".o_segment_group .o_segment_group .o_segment_leaf").toHaveCount(1);
    await choose(leaf("bought"), "o_segment_in");
    expect(".o_segment_group .o_segment_group .o_segment_leaf").toHaveCount(2);
    await choose(leaf("bought"), "o_segment_not");
    expect(await saved()).toEqual({
        13: [1, { sequence: 4, level: 1, negate: true }],
        14: [1, { sequence: 3 }],
    });
});

test("deletes a group with what belongs to it; discarding brings it back", async () => {
    await mountTree();
    await contains(".o_segment_group .o_segment_group .o_segment_delete:eq(0)").click();
    expect(sentences()).toEqual(["in Wuxi"]);
    await contains(".o_form_button_cancel").click();
    expect(sentences()).toEqual(["in Wuxi", "bought", "visited"]);
    await contains(`${leaf("bought")} .o_segment_delete`).click();
    expect(await saved()).toEqual({ 13: [2, undefined], 14: [1, { sequence: 3 }] });
});

test("adds a condition to the group whose button was clicked", async () => {
    await mountTree();
    await contains(".o_segment_group .o_segment_group .o_segment_add_leaf").click();
    await contains(".o-dropdown--menu [data-kind='attribute']").click();
    await contains(".modal [name='summary'] input").edit("is VIP");
    await contains(".modal .o_form_button_save").click();
    expect(sentences()).toEqual(["in Wuxi", "bought", "visited", "is VIP"]);
    expect(".o_segment_group .o_segment_group .o_segment_leaf").toHaveCount(3);
    const { new: created } = await saved();
    expect(created[1]).toInclude(["level", 1]);
    expect(created[1]).toInclude(["sequence", 5]);
});

test("adds a condition above others without changing their order", async () => {
    Segment._records[0].condition_ids = [12, 13, 14, 11];
    Condition._records[0].sequence = 9;
    await mountTree();
    expect(sentences()).toEqual(["bought", "visited", "in Wuxi"]);
    await contains(".o_segment_group .o_segment_group .o_segment_add_leaf").click();
    await contains(".o-dropdown--menu [data-kind='behaviour']").click();
    await contains(".modal [name='summary'] input").edit("wrote");
    await contains(".modal .o_form_button_save").click();
    expect(sentences()).toEqual(["bought", "visited", "wrote", "in Wuxi"]);
});

test("adds a group, and puts a condition into a new one", async () => {
    await mountTree();
    await contains(".o_segment_add_group:last").click();
    await animationFrame();
    expect(".o_segment_group").toHaveCount(3);
    expect(".o_segment_empty").toHaveCount(1);
    await choose(leaf("bought"), "o_segment_wrap");
    await animationFrame();
    expect(".o_segment_group .o_segment_group .o_segment_group .o_segment_leaf").toHaveText(
        /bought/
    );
    expect(sentences()).toEqual(["in Wuxi", "bought", "visited"]);
});

test("opens a condition", async () => {
    await mountTree();
    await contains(".o_segment_sentence:eq(0)").click();
    await contains(".modal [name='summary'] input").edit("in Suzhou");
    await contains(".modal .o_form_button_save").click();
    expect(sentences()).toEqual(["in Suzhou", "bought", "visited"]);
});

test("nothing can be changed where the field is readonly", async () => {
    onRpc("crm.segment", "live_count", () => ({ count: 1, sample: "", error: "" }));
    await mountView({
        type: "form",
        resModel: "crm.segment",
        resId: 1,
        arch: ARCH.replace('mode="list"', 'mode="list" readonly="1"'),
    });
    expect(sentences()).toHaveLength(3);
    expect(".o_segment_operator:eq(0)").not.toBeEnabled();
    expect(".o_segment_add, .o_segment_buttons").toHaveCount(0);
});
