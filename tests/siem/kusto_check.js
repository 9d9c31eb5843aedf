// Reads KQL with Microsoft's own parser and checks names and types.
// In: {folder, functions: [[name, parameters, body]], queries: [text]}, out: [[message]].
const fs = require("fs"), path = require("path"), vm = require("vm");
const asked = JSON.parse(fs.readFileSync(0, "utf8"));
for (const name of ["bridge.min.js", "Kusto.Language.Bridge.min.js"]) {
    vm.runInThisContext(fs.readFileSync(path.join(asked.folder, name), "utf8"));
}
const { Symbols, GlobalState, KustoCode } = Kusto.Language;
const members = [
    new Symbols.TableSymbol.$ctor7("EsaAuth_CL", "(TimeGenerated: datetime, Event: dynamic)", null),
    ...asked.functions.map(([name, parameters, body]) =>
        new Symbols.FunctionSymbol.$ctor16(name, parameters, body, null)),
];
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", members));
const said = asked.queries.map((text) => {
    const found = KustoCode.ParseAndAnalyze(text, globals).GetDiagnostics();
    return Array.from({ length: found.Count }, (_, at) => found.getItem(at).Message);
});
process.stdout.write(JSON.stringify(said));
