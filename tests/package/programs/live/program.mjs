import { turn } from "./turn.mjs";

console.log(JSON.stringify(await turn(JSON.parse(process.env.TURN))));
