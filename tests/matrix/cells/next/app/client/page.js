"use client";

import { connect, isAgentlineError, readEvents } from "agentline";
import { useEffect, useState } from "react";
import { turn } from "../../turn.js";

export default function Page() {
  const [told, setTold] = useState("");
  useEffect(() => {
    const options = Object.fromEntries(new URL(location.href).searchParams);
    turn({ connect, readEvents }, options)
      .then(JSON.stringify, (error) => `${error.stack}`)
      .then(setTold);
  }, []);
  // rendered on the server too, where the package is imported as well
  return <output title={String(isAgentlineError(told))}>{told}</output>;
}
