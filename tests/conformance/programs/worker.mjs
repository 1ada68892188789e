import { openEvents, readEvents } from "agentline";
import { openAll, readCorpus } from "./read.js";

export default {
  async fetch(request) {
    const { cases, addresses } = await request.json();
    return Response.json(
      cases ? await readCorpus(readEvents, cases) : await openAll(openEvents, addresses),
    );
  },
};
