// What others than we say of the workflow: asl-validator of its states, and JSONata's own engine of
// its expressions. Run by the tests. On standard input `{definitions: [...], expressions: [{text,
// bindings}]}`; on standard output `{definitions: [[error, ...], ...], expressions: [{value} or
// {undefined: true} or {error}]}`. It rejects nothing by itself.
"use strict";

const { readFileSync } = require("node:fs");
const validate = require("asl-validator");
const jsonata = require("jsonata");

function faults(definition) {
  return validate(definition).errors.map((each) => `${each["Error code"]}: ${each.Message}`);
}

async function value({ text, bindings }) {
  try {
    const found = await jsonata(text).evaluate(undefined, bindings);
    return found === undefined ? { undefined: true } : { value: found };
  } catch (error) {
    return { error: error.message };
  }
}

async function main() {
  const asked = JSON.parse(readFileSync(0, "utf-8"));
  const told = {
    definitions: asked.definitions.map(faults),
    expressions: await Promise.all(asked.expressions.map(value)),
  };
  process.stdout.write(JSON.stringify(told));
}

main();
