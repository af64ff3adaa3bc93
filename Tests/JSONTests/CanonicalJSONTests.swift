// One spelling per value; what has none is refused.

import JSON
import Testing

@Suite struct CanonicalJSONTests {
    @Test(
        "values have one spelling",
        arguments: [
            (["b": 1, "a": true, "": []], #"{"":[],"a":true,"b":1}"#),
            (["é": "é", "z": "\u{1F600}", "Z": -5], #"{"Z":-5,"z":"😀","é":"é"}"#),
            (
                "\"\\\u{08}\u{09}\u{0A}\u{0C}\u{0D}\u{00}\u{1F}/",
                ##""\"\\\b\t\n\f\r\u0000\u001f/""##
            ),
            (.decimal(0.1), #""0.1""#), (.decimal(8), #""8""#), (.decimal(-0.0), #""0""#),
            (.decimal(1e-7), #""1e-07""#), (.integer(.min), "-9223372036854775808"),
        ] as [(CanonicalJSON, String)])
    func spelling(value: CanonicalJSON, text: String) throws {
        #expect(value.text == text)
        #expect(try Self.parse(value.text) == value)
    }

    @Test("other spellings of a value are read as the same value")
    func reading() throws {
        let text = " { \"a\" : [ 1 , \"\\u0041\\ud83d\\ude00\\/\" ] ,\n\t\"b\":false } "
        #expect(try Self.parse(text).text == #"{"a":[1,"A😀/"],"b":false}"#)
    }

    @Test(
        "what has no canonical form is refused with its place",
        arguments: [
            ("null", 0), ("[1.5]", 1), ("1e3", 0), ("-0", 0), ("01", 1),
            ("9223372036854775808", 0), (#"{"a":1,"a":2}"#, 7), ("NaN", 0), ("true false", 5),
        ])
    func refused(text: String, place: Int) {
        let fault = #expect(throws: JSONFault.self) { try Self.parse(text) }
        #expect(fault?.offset == place, "\(text): \(fault?.description ?? "")")
    }

    private static func parse(_ text: String) throws(JSONFault) -> CanonicalJSON {
        let bytes = Array(text.utf8)
        return try CanonicalJSON(parsing: bytes.span, limits: JSONLimits(bytes: 1000))
    }
}
