import { turn } from "./turn.mjs";

globalThis.turn = (options) => turn({ ...options, baseUrl: location.origin });
document.body.dataset.state = "ready";
