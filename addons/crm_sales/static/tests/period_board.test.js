import { expect, test } from "@odoo/hoot";
import { queryAllTexts } from "@odoo/hoot-dom";
import { Component, xml } from "@odoo/owl";
import { contains, mountWithCleanup, onRpc } from "@web/../tests/web_test_helpers";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { PeriodPicker, usePeriodBoard } from "@crm_sales/period_board/period_board";

defineMailModels();

class Board extends Component {
    static components = { PeriodPicker };
    static props = ["*"];
    static template = xml`
        <PeriodPicker board="period.current" kinds="['month', 'year']" onPick="period.load"/>`;

    setup() {
        this.period = usePeriodBoard({
            model: "crm.forecast.board",
            method: "get_board",
            onLoaded: () => expect.step("loaded"),
        });
    }
}

test("a board asks for what was picked, and again for the rest", async () => {
    onRpc("crm.forecast.board", "get_board", ({ kwargs }) => {
        const named = Object.entries(kwargs).filter(([name]) => name !== "context");
        const asked = Object.fromEntries(named);
        expect.step(asked);
        return {
            period: asked.period || "month",
            measure: asked.measure || "booked",
            date_from: asked.date || "2026-03-01",
            name: asked.date || "March",
            previous: "2026-02-01",
            next: "2026-04-01",
        };
    });
    await mountWithCleanup(Board);
    expect.verifySteps([{}, "loaded"]);
    expect(queryAllTexts(".o_period_kind button")).toEqual(["Month", "Year"]);
    expect(".active").toHaveCount(2);
    expect(".o_period_measure .active").toHaveText("Booked");

    await contains("[data-measure=collected]").click();
    const asked = { period: "month", date: "2026-03-01", measure: "collected" };
    expect.verifySteps([asked, "loaded"]);
    expect(".o_period_measure .active").toHaveText("Collected");

    await contains(".o_next").click();
    expect.verifySteps([{ ...asked, date: "2026-04-01" }, "loaded"]);
    expect(".o_period_step span").toHaveText("2026-04-01");

    await contains("[data-period=year]").click();
    expect.verifySteps([{ ...asked, date: "2026-04-01", period: "year" }, "loaded"]);
});
