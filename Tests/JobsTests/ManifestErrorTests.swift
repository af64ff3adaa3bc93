// Every way a manifest can be wrong has its own words and its exact place.

import Foundation
import Jobs
import Testing

/// A bad manifest and what is to be said about it.
struct BadManifest: Sendable, CustomTestStringConvertible {
    let name: String
    let text: String
    let line: Int
    let column: Int
    let path: String
    /// Parts of the message.
    let says: [String]

    var testDescription: String { name }

    init(
        _ name: String, _ text: String, at line: Int, _ column: Int, _ path: String,
        says: String...
    ) {
        self.init(name, text, at: line, column, path, saying: says)
    }

    init(
        _ name: String, _ text: String, at line: Int, _ column: Int, _ path: String,
        saying says: [String]
    ) {
        self.name = name
        self.text = text
        self.line = line
        self.column = column
        self.path = path
        self.says = says
    }

    /// A good manifest but for its ratios.
    static func ratios(_ name: String, _ value: String, says: String...) -> BadManifest {
        var bad = BadManifest(
            name,
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios: [0.5, \(value)]\n",
            at: 6, 17, "compress[0].ratios[1]")
        bad = BadManifest(copy: bad, says: says)
        return bad
    }

    private init(copy: BadManifest, says: [String]) {
        name = copy.name
        text = copy.text
        line = copy.line
        column = copy.column
        path = copy.path
        self.says = says
    }

    static let all: [BadManifest] =
        structure + ratioCases + budgets + exports + keys + mixtures + values + comparisons
        + quantizations + originals

    static let structure = [
        BadManifest("empty", "", at: 1, 1, "", says: "empty", "version: 1"),
        BadManifest("only a comment", "# nothing\n", at: 1, 1, "", says: "empty"),
        BadManifest("null", "~", at: 1, 1, "", says: "empty"),
        BadManifest("a list", "- 1\n", at: 1, 1, "", says: "wrong type", "mapping", "a list of 1"),
        BadManifest("a word", "hello", at: 1, 1, "", says: "wrong type", "mapping", "hello"),
        BadManifest(
            "two documents", "version: 1\n---\nversion: 1\n", at: 2, 1, "",
            says: "more than one document"),
        BadManifest(
            "anchor", "version: &v 1\n", at: 1, 10, "", says: "anchors", "not allowed"),
        BadManifest(
            "alias", "version: &v 1\nname: *v\n", at: 1, 10, "", says: "aliases", "not allowed"),
        BadManifest(
            "alias of nothing", "version: 1\nname: *v\n", at: 2, 7, "", says: "aliases"),
        BadManifest("anchor on a mapping", "a: &x\n  b: 1\n", at: 1, 4, "", says: "anchors"),
        BadManifest("tag", "version: !!int 1\n", at: 1, 10, "", says: "tags"),
        BadManifest("tag on quotes", "version: !!str \"1\"\n", at: 1, 10, "", says: "tags"),
        BadManifest("local tag", "version: !x {a: 1}\n", at: 1, 10, "", says: "tags"),
        BadManifest(
            "duplicate key", "version: 1\nname: a\nname: b\n", at: 2, 1, "",
            says: "`name`", "more than once"),
        BadManifest(
            "duplicate key below", "version: 1\noutput:\n  dtype: keep\n  'dtype': keep\n", at: 3,
            3,
            "", says: "`dtype`", "more than once"),
        BadManifest(
            "duplicate key in quotes", "notify: {mail: true, on: [done], \"on\": [failed]}\n",
            at: 1,
            22, "", says: "`on`", "more than once"),
        BadManifest("NUL", "version: 1\u{0}\n", at: 1, 11, "", says: "code 0"),
        BadManifest("bell", "name: a\u{7}b\n", at: 1, 8, "", says: "code 7"),
        BadManifest(
            "tab", "version: 1\noutput:\n\tdtype: keep\n", at: 3, 1, "", says: "not valid YAML",
            "tabs"),
        BadManifest(
            "truncated", "version: 1\nname: \"ab", at: 2, 10, "", says: "not valid YAML"),
        BadManifest("open list", "version: [1, 2\n", at: 2, 1, "", says: "not valid YAML"),
        BadManifest(
            "colon in a text", "version: 1\nname: a: b\n", at: 2, 8, "",
            says: "not valid YAML", "indentation"),
        BadManifest("complex key", "? [a]\n: 1\n", at: 1, 3, "", says: "key must be a word"),
        BadManifest(
            "too deep", String(repeating: "[", count: 40) + String(repeating: "]", count: 40),
            at: 1, 33, "", says: "too deeply", "32"),
        BadManifest(
            "too many values", "version: [" + String(repeating: "1,", count: 20_001) + "]",
            at: 1, 40_005, "", says: "too many values", "20000"),
    ]

    static let ratioCases = [
        ratios("ratio 0", "0", says: "removes nothing", "greater than 0"),
        ratios("ratio 0.0", "0.0", says: "removes nothing"),
        ratios("ratio 1", "1", says: "leaves no layer"),
        ratios("ratio 1.0", "1.0", says: "leaves no layer"),
        ratios("ratio -0.1", "-0.1", says: "cannot be negative", "write 0.1"),
        ratios("ratio .nan", ".nan", says: "not a number"),
        ratios("ratio NaN", "NaN", says: "not a number"),
        ratios("ratio .inf", ".inf", says: "infinite"),
        ratios("ratio -.inf", "-.inf", says: "infinite"),
        ratios("ratio 1e999", "1e999", says: "infinite"),
        ratios("ratio 25", "25", says: "above 1", "0.25 for a quarter"),
        ratios("ratio 25%", "25%", says: "wrong type", "25%", "percentage"),
        ratios("ratio in quotes", "\"0.25\"", says: "wrong type", "remove the quotes"),
        ratios("ratio missing", "~", says: "has no value"),
        ratios("ratio twice", "0.50", says: "written twice"),
        ratios("ratio a word", "half", says: "wrong type", "half"),
        ratios("ratio a list", "[0.1]", says: "wrong type", "a list of 1"),
        BadManifest(
            "no ratios",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios: []\n", at: 6,
            11,
            "compress[0].ratios", says: "empty", "ratios: [0.25]"),
        BadManifest(
            "ratios a number",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios: 0.5\n", at: 6,
            11,
            "compress[0].ratios", says: "wrong type", "a list"),
        BadManifest(
            "too many ratios",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios: ["
                + (1...65).map { "0.\($0 + 100)" }.joined(separator: ",") + "]\n", at: 6, 11,
            "compress[0].ratios", says: "too many", "at most 64", "65"),
        BadManifest(
            "label with a slash",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  label: a/b\n"
                + "  ratios: [0.5]\n", at: 6, 10, "compress[0].label", says: "names folders", "a/b"),
        BadManifest(
            "label of a file of the results",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  label: DONE\n"
                + "  ratios: [0.5]\n", at: 6, 10, "compress[0].label", says: "is taken", "DONE",
            "report.json"),
        BadManifest(
            "label of a file of the results in other capitals",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  label: Report.HTML\n"
                + "  ratios: [0.5]\n", at: 6, 10, "compress[0].label", says: "is taken",
            "Report.HTML"),
        BadManifest(
            "folders that only capitals tell apart",
            "version: 1\nname: j\nmodel: m\ncompress:\n"
                + "- {method: passthrough, layers: [0], label: far}\n"
                + "- method: passthrough\n  layers: [1]\n  label: FAR\n",
            at: 8, 10, "compress[1].label", says: "`FAR` and `far`", "capitals"),
        BadManifest(
            "a label like the name of a quantised model",
            "version: 1\nname: j\nmodel: m\ncompress:\n"
                + "- {method: passthrough, layers: [0], label: a}\n"
                + "- {method: passthrough, layers: [1], label: a-fp8}\n"
                + "quantize:\n- method: fp8\n  label: fp8\n",
            at: 9, 10, "quantize[0].label", says: "two parts", "`a-fp8`"),
        BadManifest(
            "ratios missing", "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n",
            at: 5, 3, "compress[0]", says: "`ratios` is missing", "0.25"),
        BadManifest(
            "ratios not wanted",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: passthrough\n  ratios: [0.5]\n",
            at: 6, 11, "compress[0].ratios", says: "takes no ratios", "`layers`"),
    ]

    static let keys = [
        BadManifest(
            "misspelt required key",
            "version: 1\nname: j\nmodel: m\ncompress:\n- methd: reverse\n  ratios: [0.5]\n",
            at: 5, 3, "compress[0].methd", says: "unknown key", "did you mean `method`?"),
        BadManifest(
            "misspelt data set",
            "version: 1\nname: j\nmodel: m\ncalibration: {datset: text, path: a}\n"
                + "compress:\n- {method: mka, ratios: [0.5]}\n", at: 4, 15,
            "calibration.datset", says: "did you mean `dataset`?"),
        BadManifest(
            "another program's word for a number format",
            "version: 1\nname: j\nmodel: m\ncompress:\n- {method: reverse, ratios: [0.5]}\n"
                + "output: {dtype: bf16}\n", at: 6, 17, "output.dtype",
            says: "did you mean `bfloat16`?"),
        BadManifest(
            "a number format of the other list",
            "version: 1\nname: j\nmodel: m\ncompress:\n- {method: reverse, ratios: [0.5]}\n"
                + "analysis: {compute: float32}\n", at: 6, 21, "analysis.compute",
            says: "did you mean `f32`?"),
        BadManifest(
            "decimal comma in brackets",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios: [0,25, 0,5]\n",
            at: 6, 11, "compress[0].ratios", says: "`ratios: [0.25, 0.5]`"),
        BadManifest(
            "decimal comma",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios:\n  - 0,25\n",
            at: 7, 5, "compress[0].ratios[0]", says: "write 0.25", "decimal point"),
        BadManifest(
            "a ratio without brackets",
            "version: 1\nname: j\nmodel: m\ncompress:\n- method: reverse\n  ratios: 0,25\n",
            at: 6, 11, "compress[0].ratios", says: "write [0.25]"),
        BadManifest(
            "unknown key", "version: 1\nmodle: m\n", at: 2, 1, "modle",
            says: "unknown key", "did you mean `model`?"),
        BadManifest(
            "swapped letters", "version: 1\ncomperss: []\n", at: 2, 1, "comperss",
            says: "did you mean `compress`?"),
        BadManifest(
            "unknown key far from all", "version: 1\nxyzzy: 1\n", at: 2, 1, "xyzzy",
            says: "unknown key", "calibration"),
        BadManifest(
            "unknown key below",
            "version: 1\nmodel: m\ncalibration:\n  dataset: mmlu\n  path: p\n  sampels_per_subject: 2\n"
                + "compress:\n- {method: mka, ratios: [0.5]}\n", at: 6, 3,
            "calibration.sampels_per_subject", says: "did you mean `samples_per_subject`?"),
        BadManifest(
            "key of another data set",
            "version: 1\nmodel: m\ncalibration:\n  dataset: text\n  path: p\n  split: dev\n"
                + "compress:\n- {method: mka, ratios: [0.5]}\n", at: 6, 3, "calibration.split",
            says: "unknown key", "data set text"),
        BadManifest(
            "unknown parameter",
            "version: 1\nmodel: m\ncompress:\n- method: reverse\n  ratios: [0.5]\n  ordr: x\n",
            at: 6, 3, "compress[0].ordr", says: "unknown key in method reverse"),
        BadManifest(
            "parameter without its condition",
            "version: 1\nmodel: m\ncompress:\n- method: mka\n  ratios: [0.5]\n  lambda: 0.5\n",
            at: 6, 11, "compress[0].lambda", says: "no meaning", "weights: fixed"),
        BadManifest("no version", "name: j\n", at: 1, 1, "", says: "`version` is missing"),
        BadManifest("no model", "version: 1\n", at: 1, 1, "", says: "`model` is missing"),
        BadManifest(
            "no compress", "version: 1\nmodel: m\n", at: 1, 1, "", says: "`compress` is missing"),
        BadManifest(
            "no calibration",
            "version: 1\nmodel: m\ncompress:\n- {method: mka, ratios: [0.5]}\n", at: 1, 1, "",
            says: "`calibration` is missing", "`mka` needs it"),
        BadManifest(
            "no path",
            "version: 1\nmodel: m\ncompress:\n- {method: mka, ratios: [0.5]}\n"
                + "calibration:\n  dataset: text\n", at: 6, 3, "calibration",
            says: "`path` is missing"),
        BadManifest(
            "no layers", "version: 1\nmodel: m\ncompress:\n- method: passthrough\n", at: 4, 3,
            "compress[0]", says: "`layers` is missing"),
    ]

    static let values = [
        BadManifest(
            "version 2", "version: 2\n", at: 1, 10, "version", says: "version 2", "`version: 1`"),
        BadManifest(
            "version a word", "version: one\n", at: 1, 10, "version", says: "wrong type", "one"),
        BadManifest(
            "version in quotes", "version: \"1\"\n", at: 1, 10, "version",
            says: "wrong type; expected 1; found the text `1`", "remove the quotes"),
        BadManifest("version empty", "version:\n", at: 1, 9, "version", says: "has no value"),
        BadManifest(
            "name with a slash", "version: 1\nname: a/b\n", at: 2, 7, "name", says: "not a name",
            "a/b"),
        BadManifest(
            "name dots", "version: 1\nname: ..\n", at: 2, 7, "name", says: "not a name"),
        BadManifest(
            "name too long", "version: 1\nname: \(String(repeating: "a", count: 65))\n", at: 2, 7,
            "name", says: "not a name"),
        BadManifest(
            "model empty", "version: 1\nname: j\nmodel: ''\n", at: 3, 8, "model", says: "empty"),
        BadManifest(
            "model with NUL", "version: 1\nname: j\nmodel: \"a\\0b\"\n", at: 3, 8, "model",
            says: "control character"),
        BadManifest(
            "model a list", "version: 1\nname: j\nmodel: [a]\n", at: 3, 8, "model",
            says: "wrong type", "a list of 1"),
        BadManifest(
            "unknown method",
            "version: 1\nmodel: m\ncompress:\n- method: mak\n", at: 4, 11, "compress[0].method",
            says: "unknown method", "did you mean `mka`?"),
        BadManifest(
            "compress empty", "version: 1\nmodel: m\ncompress: []\n", at: 3, 11, "compress",
            says: "empty"),
        BadManifest(
            "compress a mapping", "version: 1\nmodel: m\ncompress: {method: mka}\n", at: 3, 11,
            "compress", says: "wrong type", "a list of methods"),
        BadManifest(
            "the same twice",
            "version: 1\nmodel: m\ncompress:\n- {method: reverse, ratios: [0.5]}\n"
                + "- {method: reverse, ratios: [0.25, 0.5]}\n", at: 5, 3, "compress[1]",
            says: "asked for twice"),
        BadManifest(
            "choice",
            "version: 1\nmodel: m\ncompress:\n- {method: mka, ratios: [0.5], order: revers}\n",
            at: 4,
            39, "compress[0].order", says: "similarity | reverse", "did you mean `reverse`?"),
        BadManifest(
            "flag yes",
            "version: 1\nmodel: m\ncompress:\n- {method: mka, ratios: [0.5], norms: yes}\n", at: 4,
            39, "compress[0].norms", says: "wrong type", "true or false"),
        BadManifest(
            "number out of range",
            "version: 1\nmodel: m\ncompress:\n- {method: mka, ratios: [0.5], weights: fixed, lambda: 1.5}\n",
            at: 4, 56, "compress[0].lambda", says: "out of range", "1.5"),
        BadManifest(
            "layer not whole",
            "version: 1\nmodel: m\ncompress:\n- {method: passthrough, layers: [0, 1.5]}\n", at: 4,
            37,
            "compress[0].layers[1]", says: "wrong type", "whole number"),
        BadManifest(
            "layer twice",
            "version: 1\nmodel: m\ncompress:\n"
                + "- {method: fold, ratios: [0.5], select: list, layers: [3, 0, 3]}\n", at: 4, 62,
            "compress[0].layers[2]", says: "3 is written twice", "remove one of them"),
        BadManifest(
            "integer too large",
            "version: 1\nmodel: m\npriority: 99999999999999999999\ncompress:\n- {method: reverse, ratios: [0.5]}\n",
            at: 3, 11, "priority", says: "out of range"),
        BadManifest(
            "sigma infinite",
            "version: 1\nmodel: m\nanalysis:\n  sigma: .inf\ncompress:\n- {method: reverse, ratios: [0.5]}\n",
            at: 4, 10, "analysis.sigma", says: "finite"),
        BadManifest(
            "sigma a wrong word",
            "version: 1\nmodel: m\nanalysis:\n  sigma: mean\ncompress:\n- {method: reverse, ratios: [0.5]}\n",
            at: 4, 10, "analysis.sigma", says: "wrong type", "or `median`"),
        BadManifest(
            "dtype",
            "version: 1\nmodel: m\noutput: {dtype: bf16}\ncompress:\n- {method: reverse, ratios: [0.5]}\n",
            at: 3, 17, "output.dtype", says: "unknown value", "bfloat16"),
    ]
}

@Suite struct ManifestErrorTests {
    private func refusal(of bytes: Data) -> ManifestError? {
        do {
            _ = try ManifestParser.parse(bytes: bytes, name: "job")
            return nil
        } catch {
            return error as? ManifestError
        }
    }

    @Test(arguments: BadManifest.all)
    func `a bad manifest is refused with place and words`(bad: BadManifest) throws {
        let error = try #require(refusal(of: Data(bad.text.utf8)), "it was accepted")
        #expect((error.line, error.column) == (bad.line, bad.column), "\(error)")
        #expect(error.path == bad.path, "\(error)")
        for words in bad.says {
            #expect(error.description.contains(words), "\(error) should say: \(words)")
        }
    }

    @Test func `invalid UTF-8 is refused at its place`() throws {
        let error = try #require(
            refusal(of: Data(Array("version: 1\nname: a".utf8) + [0xC3, 0x28])))
        #expect((error.line, error.column) == (2, 8))
        #expect(error.description.contains("UTF-8"))
    }

    @Test func `one byte too many is refused, one less is read`() throws {
        let head = "version: 1\n#"
        let full = head + String(repeating: "x", count: ManifestLimits.bytesMax - head.utf8.count)
        #expect(refusal(of: Data(full.utf8))?.description.contains("`model` is missing") == true)
        #expect(refusal(of: Data((full + "x").utf8))?.description.contains("too large") == true)
    }

    @Test func `an alias bomb is refused at once`() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            let item = "*a\(level - 1)"
            text +=
                "a\(level): &a\(level) [\([String](repeating: item, count: 10).joined(separator: ", "))]\n"
        }
        text += "? *a30\n: 1\n"
        let clock = ContinuousClock()
        let elapsed = clock.measure { #expect(refusal(of: Data(text.utf8)) != nil) }
        #expect(elapsed < .seconds(1))
    }

    @Test func `an error survives its JSON`() throws {
        let error = try #require(refusal(of: Data("version: 1\nmodle: m\n".utf8)))
        let data = try JobJSON.encodePretty(error)
        #expect(try JSONDecoder().decode(ManifestError.self, from: data) == error)
    }
}
