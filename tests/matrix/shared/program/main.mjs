import { connect, readEvents } from "agentline";
import { turn } from "./turn.js";

const where = { server: process.env.SERVER, agent: process.env.AGENT };
console.log(JSON.stringify(await turn({ connect, readEvents }, where)));
