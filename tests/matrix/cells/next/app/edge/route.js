import { connect, readEvents } from "agentline";
import { turn } from "../../turn.js";

export const runtime = "edge";

export async function GET(request) {
  const { searchParams } = new URL(request.url);
  return Response.json(await turn({ connect, readEvents }, Object.fromEntries(searchParams)));
}
