// In: pkg/. Out: an empty project, outside this checkout, in which the tarball that npm makes of it is installed, as it
// is for whoever says `npm install agentline`. Made once for each tarball.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { digest } from "../../tools/build.mjs";
import { exclusively } from "../../tools/exclusive.mjs";
import { packageFolder, target } from "../../tools/paths.mjs";
import { run } from "../../tools/process.mjs";

const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

/** The tarball and what npm says of it: `{ path, files: [{ path, size }], size, unpackedSize }`. */
export async function packedTarball() {
  if (!existsSync(packageFolder)) throw new Error("pkg/ is missing: run ./build");
  const name = (await digest(packageFolder)).slice(0, 16);
  const folder = join(target, "tarball", name);
  return await exclusively("tarball", async () => {
    if (!existsSync(folder)) {
      await rm(join(target, "tarball"), { recursive: true, force: true });
      await mkdir(`${folder}.new`, { recursive: true });
      const told = await run(
        "npm",
        ["pack", packageFolder, "--json", "--pack-destination", `${folder}.new`, ...QUIET],
        { capture: true },
      );
      await writeFile(join(`${folder}.new`, "pack.json"), told);
      await rename(`${folder}.new`, folder);
    }
    const [told] = JSON.parse(await readFile(join(folder, "pack.json"), "utf8"));
    const { filename, files, size, unpackedSize } = told;
    return { path: join(folder, basename(filename)), files, size, unpackedSize };
  });
}

/** The folder of the project. */
export async function packedProject() {
  const { path } = await packedTarball();
  const short = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const ofThisCheckout = `agentline-project-${short(target)}-`;
  const name = ofThisCheckout + short(await readFile(path));
  const folder = join(tmpdir(), name);
  return await exclusively("project", async () => {
    if (existsSync(folder)) return folder;
    for (const other of await readdir(tmpdir())) {
      if (other.startsWith(ofThisCheckout)) {
        await rm(join(tmpdir(), other), { recursive: true, force: true });
      }
    }
    const fresh = await mkdtemp(join(tmpdir(), "agentline-new-"));
    await writeFile(join(fresh, "package.json"), '{ "private": true, "type": "module" }\n');
    await run("npm", ["install", path, "--ignore-scripts", ...QUIET], {
      cwd: fresh,
      capture: true,
    });
    for (const entry of ["agentline", "agentline/gateway", "agentline/sandbox"]) {
      const text = `export * from ${JSON.stringify(entry)};\n`;
      await writeFile(join(fresh, reexport(entry)), text);
    }
    await rename(fresh, folder);
    return folder;
  });
}

/** What `import * as module from "agentline"` gives in the project. */
export async function packedModule(entry = "agentline") {
  return await import(pathToFileURL(join(await packedProject(), reexport(entry))).href);
}

// A file of the project, so that its name is resolved as in the project.
function reexport(entry) {
  return `reexport-${entry.replaceAll("/", "-")}.mjs`;
}

/** A copy of the project, with the files of `folder` in it, to be changed at will. Remove it afterwards. */
export async function projectWith(folder) {
  const copy = await mkdtemp(join(tmpdir(), "agentline-copy-"));
  await cp(await packedProject(), copy, { recursive: true });
  for (const file of await readdir(folder))
    await cp(join(folder, file), join(copy, file), { recursive: true });
  return copy;
}
