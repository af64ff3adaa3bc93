// The tree keeps what a rewrite must not change; what is no JSON is refused where it shows.

import Foundation
import JSON
import TestSupport
import Testing

@Suite struct JSONValueTests {
    static let limits = JSONLimits(bytes: 1000, values: 100)

    static func parse(_ text: String) throws(JSONFault) -> JSONValue {
        try JSONValue(parsing: text, limits: limits)
    }

    @Test("a document written by Python comes back byte for byte")
    func pythonDocument() throws {
        let file = Places.root.appending(path: "Tests/Fixtures/python.json")
        let bytes = Array(try Data(contentsOf: file))
        let value = try JSONValue(
            parsing: bytes.span, limits: JSONLimits(bytes: bytes.count), pythonNumbers: true)
        #expect(Array(value.text(.python).utf8) == bytes)
    }

    @Test(
        "every spelling of a number survives",
        arguments: [
            "0", "-0", "1.0", "1.00", "1e5", "1E+05", "1e-05", "-1.5e300", "0.10",
            "123456789012345678901234567890",
        ])
    func numberSpellings(token: String) throws {
        #expect(try Self.parse(token).text(.line) == token)
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
    }

    @Test("Python's words are numbers only where they are asked for")
    func pythonNumbers() throws {
        for word in ["NaN", "Infinity", "-Infinity"] {
            let value = try JSONValue(parsing: word, limits: Self.limits, pythonNumbers: true)
            #expect(value.text(.python) == word + "\n" && value.finiteDouble == nil)
            #expect(throws: JSONFault.self) { try Self.parse(word) }
        }
    }

    @Test("every escape of JSON is read")
    func escapes() throws {
        let text = #""\" \\ \/ \b \f \n \r \t \u0041 \u00e9 \ud83d\uDE00""#
        #expect(try Self.parse(text) == "\" \\ / \u{8} \u{C} \n \r \t A é 😀")
    }

    @Test("keys that are canonically equivalent stay different keys")
    func canonicalEquivalence() throws {
        let object = try Self.parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(object["\u{E9}"] == 1 && object["e\u{301}"] == 2)
    }

    @Test(
        "what is not JSON is refused where it shows",
        arguments: [
            ("", JSONFault.unexpectedEnd(offset: 0)), ("{", .unexpectedEnd(offset: 1)),
            ("[1,]", .unexpected(byte: 0x5D, offset: 3, expected: "a value")),
            ("{\"a\":1,}", .unexpected(byte: 0x7D, offset: 7, expected: "a string")),
            ("[1 2]", .unexpected(byte: 0x32, offset: 3, expected: "`,` or `]`")),
            ("{\"a\" 1}", .unexpected(byte: 0x31, offset: 5, expected: "`:`")),
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
            ("\"\\ud800\"", .loneSurrogate(offset: 1)),
            ("\"\\ud800\\u0041\"", .loneSurrogate(offset: 1)),
            ("\"\\udc00\\ud800\"", .loneSurrogate(offset: 1)),
            ("\"\n\"", .controlCharacter(byte: 10, offset: 1)),
            ("1 1", .unexpected(byte: 0x31, offset: 2, expected: "the end")),
            ("\u{FEFF}1", .unexpected(byte: 0xEF, offset: 0, expected: "a value")),
        ])
    func refusals(text: String, fault: JSONFault) {
        #expect(throws: fault) { try Self.parse(text) }
        #expect(!fault.description.isEmpty)
    }

    @Test(
        "bytes that are not UTF-8 are refused",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
            [0xF0, 0x8F, 0xBF, 0xBF], [0x80], [0xF5, 0x80, 0x80, 0x80], [0xE0, 0x9F, 0xBF],
        ] as [[UInt8]])
    func notUTF8(bad: [UInt8]) {
        // Plain, and after an escape, which the scanner reads in another way.
        for start in ["\"", "\"\\n"] {
            let bytes = Array(start.utf8) + bad + [0x22]
            #expect(throws: JSONFault.self) {
                try JSONValue(parsing: bytes.span, limits: Self.limits)
            }
        }
    }

    @Test("depth, size and number are limited, and the limits themselves are allowed")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try Self.parse(nested(64))
        #expect(throws: JSONFault.tooDeep(offset: 64, limit: 64)) { try Self.parse(nested(65)) }
        func string(_ bytes: Int) -> String {
            "\"" + String(repeating: "a", count: bytes - 2) + "\""
        }
        _ = try Self.parse(string(1000))
        #expect(throws: JSONFault.tooLarge(byteCount: 1001, limit: 1000)) {
            try Self.parse(string(1001))
        }
        func list(_ count: Int) -> String {
            "[" + repeatElement("1", count: count).joined(separator: ",") + "]"
        }
        _ = try Self.parse(list(99))
        #expect(throws: JSONFault.tooManyValues(offset: 199, limit: 100)) {
            try Self.parse(list(100))
        }
    }

    @Test("a value set in place keeps the order; a new key goes to the end; nil removes")
    func editing() throws {
        let value = try Self.parse("{\"b\": 1.0, \"a\": [], \"c\": null}")
        guard case .object(var object) = value else {
            Issue.record("read as \(value)")
            return
        }
        object["a"] = .integer(3)
        object["d"] = .string("x")
        object["c"] = nil
        #expect(JSONValue.object(object).text(.line) == #"{"b": 1.0, "a": 3, "d": "x"}"#)
    }

    @Test("a place counts lines and columns from 1, columns in bytes")
    func places() {
        let bytes = Array("é\n\nab".utf8)
        #expect(TextPlace.of(offset: 0, in: bytes.span) == TextPlace(line: 1, column: 1))
        #expect(TextPlace.of(offset: 2, in: bytes.span) == TextPlace(line: 1, column: 3))
        #expect(TextPlace.of(offset: 6, in: bytes.span).description == "line 3, column 3")
    }
}
