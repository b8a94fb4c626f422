// Compiles all Python under a folder, as if it lay at another place, by the CPython that Pyodide
// carries: `node bytecode.mjs FOLDER PLACE`.
import { loadPyodide } from "pyodide";

const [folder, place] = process.argv.slice(2);
// Sets of constants are written in the order of their hashes.
const python = await loadPyodide({ env: { PYTHONHASHSEED: "0" } });
python.FS.mkdirTree(place);
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, place);
python.globals.set("place", place);
const compiled = python.runPython(`
import compileall, py_compile
compileall.compile_dir(
    place,
    quiet=1,
    force=True,
    invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
)
`);
process.exit(compiled ? 0 : 1);
