// In: what was typed into a form, and the fields that the form has. Out: what is kept of it, or the sentences that say
// what is wrong with it. Which fields there are is backends.js; how they look is form.js.
//
// A field: { name, label, hint?, read, required?, secret?, made?, once?, takes?, … }. `read` turns what was typed into what
// is kept, or throws the sentence that says what is wrong with it. `takes` names the calls of the client that take it.
// A choice: { name, label, ways }: of its ways (by name: { label, hint?, fields }) one applies, the first unless another
// was chosen; the fields of the others are as if they were not there.

/** The fields that apply, choices among them, in order. */
export function fieldsIn(fields, typed) {
  return fields.flatMap((field) =>
    field.ways ? [field, ...fieldsIn(wayOf(field, typed).fields, typed)] : [field],
  );
}

/** All fields, whether they apply or not, without the choices. */
export const allFieldsIn = (fields) =>
  fields.flatMap((field) =>
    field.ways ? Object.values(field.ways).flatMap((way) => allFieldsIn(way.fields)) : [field],
  );

/** The name of the way that was chosen. */
export const chosenWay = (choice, typed) =>
  Object.hasOwn(choice.ways, typed[choice.name] ?? "")
    ? typed[choice.name]
    : Object.keys(choice.ways)[0];

export const wayOf = (choice, typed) => choice.ways[chosenWay(choice, typed)];

/** Reads what was typed: `{ values, problems }`, both by the name of the field. */
export function readFields(fields, typed) {
  const values = {};
  const problems = {};
  for (const field of fieldsIn(fields, typed)) {
    if (field.ways) {
      values[field.name] = chosenWay(field, typed);
      continue;
    }
    const text = String(typed[field.name] ?? "").trim();
    if (text === "") {
      if (field.required) problems[field.name] = `${field.label} is needed.`;
      continue;
    }
    try {
      values[field.name] = field.read(text);
    } catch (problem) {
      problems[field.name] = problem.message;
    }
  }
  return { values, problems };
}

export function readAddress(typed) {
  // A gateway on this page's own server is named by its path.
  if (typed.startsWith("/") && !typed.startsWith("//")) return typed.replace(/(?<=.)\/+$/, "");
  const local = /^(localhost|127\.|\[::1\])/i.test(typed);
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed)
    ? typed
    : `${local ? "http" : "https"}://${typed}`;
  let url;
  try {
    url = new URL(whole);
  } catch {
    // Told below.
  }
  // Chromium takes a space in a host's name.
  if (!url || /\s/.test(typed)) {
    throw new Error("This is not an address. It looks like http://127.0.0.1:3000.");
  }
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Error("An address starts with http:// or https://.");
  if (url.username || url.password)
    throw new Error("Leave the name and the password out of the address.");
  return url.href.replace(/\/+$/, "");
}

export function readKey(typed) {
  if (/[^\x21-\x7e]/.test(typed))
    throw new Error("A key has no spaces and no letters beyond A to Z. Was it copied whole?");
  return typed;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** `what`: "An agent id", the beginning of the sentence. */
export const readUuid = (what) => (typed) => {
  if (!uuid.test(typed))
    throw new Error(
      `${what} is 32 hexadecimal digits in five groups, like 11111111-2222-4333-8444-555555555555.`,
    );
  return typed.toLowerCase();
};

export const readObjectId = (what) => (typed) => {
  if (!/^[0-9a-f]{24}$/i.test(typed))
    throw new Error(`${what} is 24 hexadecimal digits, like 65f0123456789abcdef01234.`);
  return typed.toLowerCase();
};

/** Any word that has no blanks and no slashes: more is not known of it. */
export const readWord = (what) => (typed) => {
  if (/[\s/?#]/.test(typed)) throw new Error(`${what} has no spaces, slashes or marks.`);
  return typed;
};

export function readEmail(typed) {
  if (!/^[^\s@]+@[^\s@]+$/.test(typed)) throw new Error("This is not an e-mail address.");
  return typed;
}

export const asTyped = (typed) => typed;
