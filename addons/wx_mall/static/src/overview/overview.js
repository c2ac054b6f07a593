import {Component, onMounted, onPatched, onWillStart, onWillUnmount, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const REFRESH_MS = 60000;

/** Today's figures of the mall, what waits for somebody, and a chart. */
export class WxOverview extends Component {
    static template = "wx_mall.Overview";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.canvas = useRef("canvas");
        this.state = useState({figures: null, unit: "days"});
        this.chart = null;
        onWillStart(async () => {
            const [figures] = await Promise.all([
                this.orm.call("wx.overview", "get_figures", []),
                loadBundle("web.chartjs_lib"),
            ]);
            this.state.figures = figures;
        });
        onMounted(() => {
            this.draw();
            this.timer = setInterval(() => this.refresh(), REFRESH_MS);
        });
        onPatched(() => this.draw());
        onWillUnmount(() => {
            clearInterval(this.timer);
            this.chart?.destroy();
        });
    }

    async refresh() {
        this.state.figures = await this.orm.call("wx.overview", "get_figures", []);
    }

    money(value) {
        return new Intl.NumberFormat("zh-CN", {style: "currency", currency: "CNY"}).format(value);
    }

    setUnit(unit) {
        this.state.unit = unit;
    }

    open(queue) {
        this.action.doAction(queue.action, {additionalContext: queue.context});
    }

    openToday() {
        this.action.doAction("wx_mall.action_wx_order", {
            additionalContext: {search_default_today: 1},
        });
    }

    draw() {
        const rows = this.state.figures[this.state.unit];
        this.chart?.destroy();
        this.chart = new Chart(this.canvas.el, {
            data: {
                labels: rows.map((row) => row.label),
                datasets: [
                    {
                        type: "bar",
                        label: _t("Paid (yuan)"),
                        data: rows.map((row) => row.paid),
                        backgroundColor: "#07c160",
                        yAxisID: "y",
                        order: 1,
                    },
                    {
                        type: "line",
                        label: _t("Paid orders"),
                        data: rows.map((row) => row.orders),
                        borderColor: "#576b95",
                        backgroundColor: "#576b95",
                        tension: 0.3,
                        yAxisID: "orders",
                        order: 0,
                    },
                ],
            },
            options: {
                animation: false,
                maintainAspectRatio: false,
                scales: {
                    y: {beginAtZero: true},
                    orders: {
                        beginAtZero: true,
                        position: "right",
                        grid: {drawOnChartArea: false},
                        ticks: {precision: 0},
                    },
                },
            },
        });
    }
}

registry.category("actions").add("wx_mall.overview", WxOverview);
