import { connect, readEvents } from "agentline";
import { turn } from "./turn.js";

const where = Object.fromEntries(new URL(location.href).searchParams);
const show = (text) => {
  document.querySelector("output").textContent = text;
};
turn({ connect, readEvents }, where).then(
  (told) => show(JSON.stringify(told)),
  (error) => show(`${error.stack}`),
);
