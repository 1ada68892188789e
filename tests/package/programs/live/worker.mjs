import { turn } from "./turn.mjs";

export default {
  async fetch(request) {
    return Response.json(await turn(await request.json()));
  },
};
