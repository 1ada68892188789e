import { connect, readEvents } from "agentline";
import { turn } from "./turn.js";

export default {
  async fetch(request) {
    const where = Object.fromEntries(new URL(request.url).searchParams);
    return Response.json(await turn({ connect, readEvents }, where));
  },
};
