// What a test asks of the client, in whatever runtime this is: a call goes in, JSON comes out.

/** Sends a message and reads its answer; `announce` is told when its first piece is there. */
export function turn(connect, { connection, sessionId, message, call }, announce = () => {}) {
  const states = [];
  const onDelivery = (state) => states.push(state);
  return reading(connect, connection, states, announce, (client) =>
    client.streamMessage(sessionId, message, { ...call, onDelivery }),
  );
}

/** Looks for an answer in the history. */
export function found(connect, { connection, sessionId, query }) {
  return reading(
    connect,
    connection,
    [],
    () => {},
    (client) => client.resumeReply(sessionId, query),
  );
}

async function reading(connect, connection, states, announce, open) {
  const told = { states, statuses: [], shown: "", dones: 0 };
  try {
    for await (const event of open(await connect(connection))) {
      if (event.type === "status") told.statuses.push(event.text);
      if (event.type === "replace") told.shown = event.text;
      if (event.type === "content") {
        told.shown += event.delta;
        announce();
      }
      if (event.type === "done") {
        told.dones += 1;
        told.text = event.reply.message.text;
      }
    }
    return { kind: "done", ...told };
  } catch (error) {
    const { kind = String(error), message, delivered, partial } = error;
    return { kind, message, delivered, partial: partial?.message.text, ...told };
  }
}
