import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as ts from "typescript";

// Part of npm run check: what a template literal of src shows is text, a number or a boolean. TypeScript takes an object there
// as well, and prints [object Object] into a status or a command.

const root = fileURLToPath(new URL("../../", import.meta.url));
const sources = readdirSync(path.join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => path.join(root, "src", file));
const config: unknown = ts.readConfigFile(path.join(root, "tsconfig.json"), ts.sys.readFile).config;
const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root);
const program = ts.createProgram(sources, options);
const checker = program.getTypeChecker();
const { StringLike, NumberLike, BooleanLike, BigIntLike, EnumLike, Undefined, Null, Never } = ts.TypeFlags;
const shown = StringLike | NumberLike | BooleanLike | BigIntLike | EnumLike | Undefined | Null | Never;

function isShown(type: ts.Type): boolean {
  if ((type.flags & shown) !== 0) return true;
  if (type.isUnion()) return type.types.every(isShown);
  if (type.isIntersection()) return type.types.some(isShown);
  const bound = checker.getBaseConstraintOfType(type);
  return bound !== undefined && bound !== type && isShown(bound);
}

function* renderedObjects(node: ts.Node): Generator<ts.Expression> {
  if (ts.isTemplateSpan(node) && !isShown(checker.getTypeAtLocation(node.expression))) yield node.expression;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => {
    children.push(child);
  });
  for (const child of children) yield* renderedObjects(child);
}

for (const name of sources) {
  const file = program.getSourceFile(name);
  if (file === undefined) throw new Error(`${name} is no part of the program`);
  for (const expression of renderedObjects(file)) {
    const { line } = file.getLineAndCharacterOfPosition(expression.getStart());
    const type = checker.typeToString(checker.getTypeAtLocation(expression));
    process.stderr.write(
      `${path.relative(root, name)}:${line + 1}: a template shows ${expression.getText()}: ${type}\n`,
    );
    process.exitCode = 1;
  }
}
