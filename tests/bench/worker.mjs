// The Worker in which all participants take turns. In: a request a turn. Out: what was found. Its clock stands still while
// it works, so runtimes.mjs takes the time from outside.
import { answer } from "./turns.mjs";

export default {
  async fetch(request) {
    return Response.json(await answer(await request.json()));
  },
};
