// JSON documents keep what a rewrite must not change.

import Checkpoint
import EngineTestSupport
import Foundation
import SystemPackage
import Testing

@Suite struct JSONDocumentTests {
    static func parse(_ text: String) throws(JSONFault) -> JSONValue {
        try JSONDocument.parse(text)
    }

    @Test("a document written by Python comes back byte for byte")
    func pythonDocument() throws {
        let bytes = try CheckpointScratch.bytes(
            CheckpointScratch.goldens.appending("document.json"))
        let value = try JSONDocument.parse(bytes.span)
        #expect(Array(JSONDocument.text(value).utf8) == bytes)
    }

    @Test(
        "every spelling of a number survives",
        arguments: [
            "0", "-0", "1.0", "1.00", "1e5", "1E+05", "1e-05", "-1.5e300", "0.10",
            "123456789012345678901234567890",
        ])
    func numberSpellings(token: String) throws {
        #expect(JSONDocument.text(try Self.parse(token)) == token + "\n")
    }

    @Test("integers are integers only where they are spelled so and fit")
    func integers() throws {
        #expect(try Self.parse("12").integer == 12)
        #expect(try Self.parse("-12").integer == -12)
        #expect(try Self.parse("9223372036854775807").integer == .max)
        for token in ["12.0", "1e1", "9223372036854775808", "\"12\"", "true"] {
            #expect(try Self.parse(token).integer == nil)
        }
        #expect(try Self.parse("1e999").finiteDouble == nil)
        #expect(try Self.parse("NaN").finiteDouble == nil)
    }

    @Test(
        "what is not JSON is refused where it shows",
        arguments: [
            ("", JSONFault.unexpectedEnd(offset: 0)),
            ("[1,]", .unexpected(byte: 0x5D, offset: 3, expected: "a value")),
            ("[1 2]", .unexpected(byte: 0x32, offset: 3, expected: "\",\" or \"]\"")),
            ("{\"a\" 1}", .unexpected(byte: 0x31, offset: 5, expected: "\":\"")),
            ("{1:1}", .unexpected(byte: 0x31, offset: 1, expected: "a string")),
            ("{\"a\":1,\"a\":1}", .repeatedKey("a", offset: 7)),
            ("{\"a\":1,\"\\u0061\":1}", .repeatedKey("a", offset: 7)),
            ("01", .badNumber(offset: 1)), ("-", .badNumber(offset: 1)),
            ("1.", .badNumber(offset: 2)), ("1e", .badNumber(offset: 2)),
            (".5", .unexpected(byte: 0x2E, offset: 0, expected: "a value")),
            ("+1", .unexpected(byte: 0x2B, offset: 0, expected: "a value")),
            ("nul", .unexpectedEnd(offset: 3)),
            ("nulL", .unexpected(byte: 0x4C, offset: 3, expected: "null")),
            ("\"a", .unexpectedEnd(offset: 2)), ("\"\\", .unexpectedEnd(offset: 2)),
            ("\"\\u12", .unexpectedEnd(offset: 5)), ("\"\\u12G4\"", .badEscape(offset: 5)),
            ("\"\\q\"", .badEscape(offset: 1)),
            ("\"\\udc00\"", .loneSurrogate(offset: 1)),
            ("\"\\ud800\\u0041\"", .loneSurrogate(offset: 1)),
            ("\"\u{1}\"", .controlCharacter(byte: 1, offset: 1)),
            ("1 1", .unexpected(byte: 0x31, offset: 2, expected: "the end")),
            ("\u{FEFF}1", .unexpected(byte: 0xEF, offset: 0, expected: "a value")),
        ])
    func refusals(text: String, fault: JSONFault) {
        #expect(throws: fault) { try Self.parse(text) }
    }

    @Test("depth and size are limited, and the limits themselves are allowed")
    func limits() throws {
        let depth = JSONDocument.depthLimit
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try Self.parse(nested(depth))
        #expect(throws: JSONFault.tooDeep(offset: depth, limit: depth)) {
            try Self.parse(nested(depth + 1))
        }
        let limit = JSONDocument.byteLimit
        _ = try Self.parse("\"" + String(repeating: "a", count: limit - 2) + "\"")
        #expect(throws: JSONFault.tooLarge(byteCount: limit + 1, limit: limit)) {
            try Self.parse("\"" + String(repeating: "a", count: limit - 1) + "\"")
        }
    }

    @Test("a value set in place keeps the order; a new key goes to the end; nil removes")
    func editing() throws {
        guard case .object(var object) = try Self.parse("{\"b\": 1.0, \"a\": [], \"c\": null}")
        else { return }
        object["a"] = .integer(3)
        object["d"] = .string("x")
        object["c"] = nil
        #expect(
            JSONDocument.text(.object(object))
                == "{\n  \"b\": 1.0,\n  \"a\": 3,\n  \"d\": \"x\"\n}\n")
    }
}
