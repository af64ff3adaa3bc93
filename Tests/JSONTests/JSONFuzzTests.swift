// Seeded mutations of documents of every kind that is read: each is answered, by a value that
// holds its promises or by a fault with a place in it. Foundation's reader agrees on the values.

import Foundation
import JSON
import TestSupport
import Testing

@Suite struct JSONFuzzTests {
    static let limits = JSONLimits(bytes: 1 << 16)

    @Test("damaged documents", .timeLimit(.minutes(5)), arguments: 0..<8)
    func damaged(seed: UInt64) throws {
        let rounds = 4000
        var random = SeededBytes(seed: seed)
        var accepted = 0
        for _ in 0..<rounds {
            let bytes = Mutation.apply(to: random.element(of: Self.documents), &random)
            do {
                let value = try JSONValue(
                    parsing: bytes.span, limits: Self.limits, pythonNumbers: true)
                for layout in [JSONLayout.python, .page, .line] {
                    let again = try JSONValue(
                        parsing: value.text(layout), limits: Self.limits, pythonNumbers: true)
                    #expect(again == value)
                }
                accepted += 1
            } catch {
                #expect(!error.description.isEmpty && (0...bytes.count).contains(error.offset))
            }
            // What is one document to the scanner is one to the tree.
            var scanner = JSONScanner()
            var isWhole = (try? scanner.skipValue(bytes.span)) != nil
            if isWhole { isWhole = scanner.isAtEnd(bytes.span) }
            if (try? JSONValue(parsing: bytes.span, limits: Self.limits)) != nil {
                #expect(isWhole)
            }
        }
        // A fuzzer that never gets past the first check tests nothing else.
        #expect(accepted > rounds / 50 && accepted < rounds, "\(accepted)")
    }

    @Test("damaged canonical documents", arguments: 0..<4)
    func canonical(seed: UInt64) throws {
        var random = SeededBytes(seed: seed)
        var accepted = 0
        for _ in 0..<4000 {
            let bytes = Mutation.apply(to: random.element(of: Self.documents), &random)
            guard let value = try? CanonicalJSON(parsing: bytes.span, limits: Self.limits) else {
                continue
            }
            let text = value.bytes
            let again = try CanonicalJSON(parsing: text.span, limits: Self.limits)
            #expect(again == value && again.bytes == text)
            // The same values to the tree, in any spelling.
            #expect((try? JSONValue(parsing: text.span, limits: Self.limits)) != nil)
            accepted += 1
        }
        #expect(accepted > 80, "\(accepted)")
    }

    @Test("Foundation reads the same values", arguments: 0..<4)
    func foundation(seed: UInt64) throws {
        var random = SeededBytes(seed: seed)
        var compared = 0
        for round in 0..<3000 {
            var bytes = random.element(of: Self.documents)
            if round % 2 == 0 {
                bytes = Array(RandomText.value(depth: 0, &random).utf8)
            } else {
                bytes = Mutation.apply(to: bytes, &random)
            }
            guard let value = try? JSONValue(parsing: bytes.span, limits: Self.limits) else {
                #expect(round % 2 == 1, "\(String(decoding: bytes, as: UTF8.self))")
                continue
            }
            guard Self.fitsDouble(value) else { continue }
            let theirs = try JSONSerialization.jsonObject(
                with: Data(bytes), options: .fragmentsAllowed)
            #expect(Self.agree(value, theirs), "\(String(decoding: bytes, as: UTF8.self))")
            compared += 1
        }
        #expect(compared > 1500, "\(compared)")
    }

    /// Foundation refuses numbers that are too large for a double, and too small.
    private static func fitsDouble(_ value: JSONValue) -> Bool {
        switch value {
        case .number(let number):
            number.double.isNormal
                || number.double == 0 && !number.token.contains { "eE".contains($0) }
        case .array(let elements): elements.allSatisfy(fitsDouble)
        case .object(let object): object.allSatisfy { fitsDouble($0.value) }
        default: true
        }
    }

    private static func agree(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: theirs is NSNull
        case .bool(let flag): theirs as? Bool == flag
        case .number(let number):
            // Foundation goes through Decimal, which moves the last bits.
            (theirs as? NSNumber).map {
                abs($0.doubleValue - number.double) <= 1e-14 * abs(number.double)
            } == true
        case .string(let string):
            (theirs as? String).map { $0.utf8.elementsEqual(string.utf8) } == true
        case .array(let elements):
            (theirs as? [Any]).map {
                $0.count == elements.count && zip(elements, $0).allSatisfy(agree)
            } == true
        case .object(let object):
            (theirs as? [String: Any]).map { theirs in
                theirs.count == object.count
                    && object.allSatisfy { member in
                        theirs[member.key].map { agree(member.value, $0) } == true
                    }
            } == true
        }
    }

    // MARK: Seeds

    /// A config, a tokenizer, a report, an action record, and some of everything.
    private static let documents: [[UInt8]] = [
        #"{"architectures": ["LlamaForCausalLM"], "rms_norm_eps": 1e-05, "rope_theta": 1.0,"#
            + #" "rope_scaling": null, "tie_word_embeddings": false, "attention_bias": NaN}"#,
        #"{"version": "1.0", "truncation": null, "model": {"type": "BPE", "vocab": {"Ġ": 0,"#
            + #" "\u0120a": 1, "é": 2}, "merges": [["Ġ", "a"], "Ġ a"]}}"#,
        "{\n  \"schema\": 1,\n  \"job\": {\"ratios\": [0.25]},\n  \"matrix\": [\n"
            + "    [1.0, 0.5, null],\n    [0.5, 1.0, 0.30000000000000004]\n  ]\n}\n",
        #"{"action":{"inputs":{"a":"00ff"},"stage_version":3},"key":"x","outputs":["#
            + #"{"bytes":12,"role":"r"}],"resumed":true,"seconds":"1.5"}"#,
        #"[1, -2.5e-3, "\ud83d\ude00\n\/", {"a": [[], {}]}, null, true, "", 0]"#,
        #"{"a":[1,-2,"x\u0041\n"],"b":{"c":true,"d":[]},"e":"😀"}"#,
    ].map { Array($0.utf8) }
}

/// Random valid JSON in random spellings.
private enum RandomText {
    static func value(depth: Int, _ random: inout SeededBytes) -> String {
        let space = random.element(of: ["", "", " ", "\n\t", "\r\n"])
        return space + bare(depth: depth, &random) + space
    }

    private static func bare(depth: Int, _ random: inout SeededBytes) -> String {
        switch random.below(depth < 4 ? 8 : 5) {
        case 0: return random.element(of: ["null", "true", "false"])
        case 1, 2: return string(&random)
        case 3, 4: return number(&random)
        case 5, 6:
            let elements = (0..<random.below(5)).map { _ in value(depth: depth + 1, &random) }
            return "[" + elements.joined(separator: ",") + "]"
        default:
            let members = (0..<random.below(5)).map { index in
                let key = string(&random).dropLast() + "\(index)\""
                return "\(key) :" + value(depth: depth + 1, &random)
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    private static func string(_ random: inout SeededBytes) -> String {
        let pieces = [
            "a", "name", "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000",
            "\\u00E9", "\\ud83d\\uDE00", "é", "Ġ", "😀", "\u{2028}", "\u{7F}",
        ]
        return "\"" + (0..<random.below(6)).map { _ in random.element(of: pieces) }.joined() + "\""
    }

    private static func number(_ random: inout SeededBytes) -> String {
        let whole = random.element(of: ["0", "7", "12", "4294967296", "9007199254740993"])
        let fraction = random.element(of: ["", "", ".0", ".125", ".30000000000000004"])
        let exponent = random.element(of: ["", "", "e5", "E-07", "e+10"])
        return random.element(of: ["", "-"]) + whole + fraction + exponent
    }
}
