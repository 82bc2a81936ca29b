// Requires every subpath given on the command line, from CommonJS: fails if a module of the package awaits at top level.
(async () => {
  for (const specifier of process.argv.slice(2)) {
    const required = require(specifier);
    if (specifier.endsWith('.json')) {
      if (required.name === undefined) throw new Error(`${specifier} is not the manifest`);
      continue;
    }
    const imported = await import(specifier);
    for (const name of Object.keys(imported)) {
      if (required[name] !== imported[name])
        throw new Error(`require('${specifier}').${name} is another copy`);
    }
  }
})();
