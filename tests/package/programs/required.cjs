const { connect, readEvents, AgentlineError, isAgentlineError } = require("agentline");

console.log(
  [connect, readEvents, AgentlineError, isAgentlineError].map((value) => typeof value).join(" "),
);
connect({ backend: "eliza", baseUrl: process.env.ELIZA_URL })
  .then((client) => client.getSession("99999999-0000-4000-8000-000000000000"))
  .catch((error) =>
    console.log(`${error instanceof AgentlineError} ${isAgentlineError(error)} ${error.kind}`),
  );
