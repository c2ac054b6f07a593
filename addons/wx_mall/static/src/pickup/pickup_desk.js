import {Component, onMounted, onWillStart, useRef, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {isBarcodeScannerSupported} from "@web/core/barcode/barcode_video_scanner";
import {registry} from "@web/core/registry";
import {scanBarcode} from "@web/core/barcode/barcode_dialog";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const POINT_KEY = "wx_mall.pickup_point";

/** The counter of a shop on a phone: scan or type the code, see the goods, hand over. */
export class WxPickupDesk extends Component {
    static template = "wx_mall.PickupDesk";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.input = useRef("input");
        this.canScan = isBarcodeScannerSupported();
        this.state = useState({
            points: [],
            pointId: null,
            code: "",
            pickup: null,
            error: null,
            done: null,
            busy: false,
        });
        onWillStart(async () => {
            this.state.points = await this.orm.call("wx.pickup.desk", "get_points", []);
            const known = Number(browser.localStorage.getItem(POINT_KEY));
            const point =
                this.state.points.find((one) => one.id === known) || this.state.points[0];
            this.state.pointId = point ? point.id : null;
        });
        onMounted(() => this.input.el?.focus());
    }

    selectPoint(ev) {
        this.state.pointId = Number(ev.target.value);
        browser.localStorage.setItem(POINT_KEY, this.state.pointId);
        this.again();
    }

    onKeydown(ev) {
        if (ev.key === "Enter") {
            this.find();
        }
    }

    async scan() {
        const code = await scanBarcode(this.env);
        if (code) {
            this.state.code = code;
            await this.find();
        }
    }

    async ask(method) {
        this.state.busy = true;
        this.state.error = null;
        try {
            const answer = await this.orm.call("wx.pickup.desk", method, [
                this.state.pointId,
                this.state.code,
            ]);
            if (!answer.ok) {
                this.state.error = answer.message;
                return null;
            }
            return answer;
        } finally {
            this.state.busy = false;
        }
    }

    async find() {
        this.state.pickup = null;
        this.state.done = null;
        if (!this.state.code.trim()) {
            this.state.error = _t("Scan or type the code first.");
            return;
        }
        const answer = await this.ask("find");
        this.state.pickup = answer && answer.pickup;
    }

    async handOver() {
        const answer = await this.ask("hand_over");
        if (answer) {
            this.state.done = answer.order;
            this.state.pickup = null;
            this.state.code = "";
        }
    }

    again() {
        Object.assign(this.state, {pickup: null, error: null, done: null, code: ""});
        this.input.el?.focus();
    }
}

registry.category("actions").add("wx_mall.pickup_desk", WxPickupDesk);
