// The faults of createSandbox. In: what a caller gave. Out: a copy of it as plain data, or a TypeError that names the first
// field that is wrong. The machine reads them too (sandbox/src/fault/read.rs), with the same table and in the same words;
// but it is there only with the first request, and a mistake is to be told at once.

const DAY = 86_400_000;
const MOST_DISTANCE = 1e12;

const kind = (wanted, fits) => ({ wanted, fits });
const quoted = (words) => words.map((word) => `"${word}"`).join(", ");
const word = (...words) => kind(`one of ${quoted(words)}`, (value) => words.includes(value));
const between = (from, to) => (value) => typeof value === "number" && value >= from && value <= to;
const whole = (least) =>
  kind(
    `a whole number, ${least} or more`,
    (value) => Number.isSafeInteger(value) && value >= least,
  );
const wholeBetween = (from, to) =>
  kind(
    `a whole number from ${from} to ${to}`,
    (value) => Number.isInteger(value) && between(from, to)(value),
  );
const text = kind("a text that is not empty", (value) => typeof value === "string" && value !== "");
const flag = kind("true or false", (value) => typeof value === "boolean");
const chance = kind("a number from 0 to 1", between(0, 1));
const milliseconds = kind(`a number of milliseconds from 0 to ${DAY}`, between(0, DAY));
const distance = kind(
  `a number of milliseconds from -${MOST_DISTANCE} to ${MOST_DISTANCE}`,
  between(-MOST_DISTANCE, MOST_DISTANCE),
);

const RULE = {
  backend: word("meibel", "agentcloud", "eliza"),
  operation: word(
    "createSession",
    "getSession",
    "listSessions",
    "deleteSession",
    "cancelSession",
    "renewSession",
    "startSession",
    "setVariables",
    "sendMessage",
    "getMessages",
    "signIn",
    "listen",
  ),
  method: text,
  path: text,
  session: text,
  chance,
  nth: whole(1),
  from: whole(1),
  times: whole(0),
};

// What each fault has.
const FAULTS = {
  refuse: { after: milliseconds },
  lose: { after: milliseconds },
  hang: { taken: flag },
  status: {
    status: wholeBetween(400, 599),
    retryAfter: wholeBetween(0, 86_400),
    date: flag,
    taken: flag,
  },
  html: { status: wholeBetween(200, 599), taken: flag },
  stall: { at: whole(0) },
  cut: { at: whole(0), clean: flag },
  drip: { bytes: whole(1), every: milliseconds },
  duplicate: { frame: whole(1) },
  reorder: { frame: whole(1) },
  newline: { newline: word("crlf", "cr") },
  bom: {},
  split: { pause: milliseconds },
  store: { message: flag, answer: flag },
  skew: { ms: distance, jitter: milliseconds },
};

// What of it must be there.
const NEEDED = { status: "status", drip: "every", newline: "newline", skew: "ms" };

/** Reads rules: a list, or `{ rules, seed }`. `caller` begins what is said about a mistake. */
export function readFaults(faults, caller) {
  const fail = (sentence) => {
    throw new TypeError(`${caller}: ${sentence}`);
  };
  const refuse = (name, wanted, value) =>
    fail(
      value === undefined
        ? `${name} is missing: it wants ${wanted}`
        : `${name} wants ${wanted}, not ${shown(value)}`,
    );

  const readRule = (at, rule) => {
    if (!isPlain(rule)) refuse(at, "a rule", rule);
    const { fault } = rule;
    if (!Object.hasOwn(FAULTS, fault)) {
      refuse(`${at}.fault`, `one of ${quoted(Object.keys(FAULTS))}`, fault ?? undefined);
    }
    const kinds = { ...FAULTS[fault], ...RULE };
    const read = { fault };
    for (const [name, value] of Object.entries(rule)) {
      if (name === "fault") continue;
      if (!Object.hasOwn(kinds, name)) {
        fail(`${at}.${name} is not known; "${fault}" takes ${Object.keys(kinds).join(", ")}`);
      }
      if (absent(value)) continue;
      if (!kinds[name].fits(value)) refuse(`${at}.${name}`, kinds[name].wanted, value);
      read[name] = value;
    }
    const needed = NEEDED[fault];
    if (needed !== undefined && !(needed in read)) {
      refuse(`${at}.${needed}`, kinds[needed].wanted, undefined);
    }
    return read;
  };

  if (Array.isArray(faults)) {
    return { rules: faults.map((rule, index) => readRule(`faults[${index}]`, rule)) };
  }
  if (!isPlain(faults)) refuse("faults", "a list of rules, or {rules, seed}", faults);
  for (const name of Object.keys(faults)) {
    if (!["rules", "seed"].includes(name)) {
      fail(`faults.${name} is not known; faults takes rules, seed`);
    }
  }
  const { rules, seed } = faults;
  const seeded = whole(0);
  if (!absent(seed) && !seeded.fits(seed)) refuse("faults.seed", seeded.wanted, seed);
  if (!Array.isArray(rules)) refuse("faults.rules", "a list of rules", rules ?? undefined);
  return {
    rules: rules.map((rule, index) => readRule(`faults.rules[${index}]`, rule)),
    ...(absent(seed) ? {} : { seed }),
  };
}

function absent(value) {
  return value === undefined || value === null;
}

function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As JSON, where it has a form there. */
function shown(value) {
  const isNumber = ["number", "bigint"].includes(typeof value);
  return (isNumber ? String(value) : JSON.stringify(value)) ?? String(value);
}
