import { registry } from "@web/core/registry";

const TEXTS = {
    en: { page: "Forecast", commit: "Commit", lost: "Lost" },
    zh: { page: "预测", commit: "承诺", lost: "输单" },
};

/** The salesperson looks at the figures of the quarter and submits what they stand for. */
function submitSteps(text) {
    return [
        { trigger: `.o_forecast_board h2:contains(${text.page})` },
        { trigger: `.o_forecast_header .o_forecast_cell:contains(${text.commit})` },
        { trigger: "[data-kind=person] [data-column=quota] span:contains(200,000)" },
        { trigger: "[data-kind=person] [data-column=closed] span:contains(50,000)" },
        { trigger: "[data-kind=person] .o_submit", run: "click" },
        { trigger: ".modal div[name=comment] textarea", run: "edit It depends on the budget." },
        { trigger: ".modal button[name=action_submit]", run: "click" },
        { trigger: "[data-kind=person] [data-column=submitted] span:contains(60,000)" },
        { trigger: "[data-kind=person] [data-column=commit]", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Deal over 10000)" },
    ];
}

/** The leader judges it with a reason, and looks at what changed since the snapshot. */
function judgeSteps(text) {
    return [
        { trigger: "[data-kind=team] [data-column=submitted] span:contains(60,000)" },
        { trigger: "[data-kind=person] .o_judge", run: "click" },
        { trigger: ".modal div[name=amount] input", run: "edit 55000" },
        { trigger: ".modal div[name=reason] textarea", run: "edit The crane is late." },
        { trigger: ".modal button[name=action_judge]", run: "click" },
        { trigger: "[data-kind=team] [data-column=judged] span:contains(55,000)" },
        { trigger: "[data-kind=team] .o_changes", run: "click" },
        { trigger: "#o_forecast_since", run: "selectByIndex 0" },
        { trigger: `.o_forecast_step[data-kind=lost]:contains(${text.lost})`, run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(Pumps for Wuxi)" },
    ];
}

for (const [lang, text] of Object.entries(TEXTS)) {
    registry.category("web_tour.tours").add(`crm_sales_forecast_submit_${lang}`, {
        steps: () => submitSteps(text),
    });
    registry.category("web_tour.tours").add(`crm_sales_forecast_judge_${lang}`, {
        steps: () => judgeSteps(text),
    });
}

registry.category("web_tour.tours").add("crm_sales_leaderboard_phone", {
    steps: () => [
        { trigger: ".o_leaderboard_row.o_mine .o_much:contains(25 %)" },
        { trigger: ".o_leaderboard_row.o_mine", run: "click" },
        { trigger: ".o_list_view .o_data_row, .o_kanban_record" },
    ],
});
