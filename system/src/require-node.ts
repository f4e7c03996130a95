/**
 * Stops early, with a sentence, where the Node that npm found is too old for the code (type stripping, @discordjs/voice).
 * `npm ci` puts Node 24 on npm's path on Linux through optionalDependencies; elsewhere the developer brings it.
 */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `Patchbay runs on Node 22.18 or later; this is ${process.version}. On Linux "npm ci" brings Node 24; elsewhere install it.\n`,
  );
  process.exit(1);
}
