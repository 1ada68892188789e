const { connect, readEvents } = require("agentline");
const { turn } = require("./turn.js");

const where = { server: process.env.SERVER, agent: process.env.AGENT };
turn({ connect, readEvents }, where).then((told) => console.log(JSON.stringify(told)));
