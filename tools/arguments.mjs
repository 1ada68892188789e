// In: what a command understands, and its help. Out: what was asked for. --help prints the help and ends; anything
// unknown ends with code 2 and one line.
import { parseArgs } from "node:util";

export function readArguments(options, help) {
  try {
    const { values } = parseArgs({ options: { ...options, help: { type: "boolean" } } });
    if (!values.help) return values;
  } catch (error) {
    console.error(`${error.message.split(". ")[0]}; --help tells the options`);
    process.exit(2);
  }
  console.log(help);
  process.exit(0);
}
