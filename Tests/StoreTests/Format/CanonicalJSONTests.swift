// One spelling per value, and a parser that bounds what it is given.

import Store
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
        #expect(try CanonicalJSON(parsing: value.bytes) == value)
    }

    @Test("other spellings of a value are read as the same value")
    func reading() throws {
        let text = " { \"a\" : [ 1 , \"\\u0041\\ud83d\\ude00\\/\" ] ,\n\t\"b\":false } "
        #expect(
            try CanonicalJSON(parsing: Array(text.utf8)).text == #"{"a":[1,"A😀/"],"b":false}"#)
    }

    @Test(
        "what has no canonical form is refused with its place",
        arguments: [
            ("", 0), ("null", 0), ("1.5", 1), ("1e3", 1), ("01", 2), ("-0", 2), ("-", 1),
            ("9223372036854775808", 19), (#"{"a":1,"a":2}"#, 10), (#"{"a":1,}"#, 7),
            ("[1,]", 3), ("[1 2]", 3), (#"{"a" 1}"#, 5), ("\"a", 2), ("\"\n\"", 2),
            (#""\x""#, 3), (#""\ud800""#, 7), (#""\udc00\ud800""#, 13), (#""\u12g4""#, 3),
            ("true false", 5), ("{", 1), ("tru", 0),
        ])
    func refused(text: String, place: Int) {
        let error = #expect(throws: CanonicalJSON.ParseError.self) {
            try CanonicalJSON(parsing: Array(text.utf8))
        }
        #expect(error?.byteOffset == place, "\(text): \(error?.reason ?? "")")
    }

    @Test("bytes that are not UTF-8 are refused")
    func notUTF8() {
        #expect(throws: CanonicalJSON.ParseError.self) {
            try CanonicalJSON(parsing: [0x22, 0xFF, 0x22])
        }
        #expect(throws: CanonicalJSON.ParseError.self) {
            try CanonicalJSON(parsing: [0x22, 0xC0, 0x80, 0x22])
        }
    }

    @Test("nesting is bounded")
    func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(
                (String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        let deepest = CanonicalJSON.depthMax
        #expect(try CanonicalJSON(parsing: nested(deepest)).arrayValue?.count == 1)
        #expect(throws: CanonicalJSON.ParseError.self) {
            try CanonicalJSON(parsing: nested(deepest + 1))
        }
        #expect(throws: CanonicalJSON.ParseError.self) {
            try CanonicalJSON(parsing: nested(1_000_000))
        }
    }

    @Test("random bytes and mutated documents never crash the parser")
    func fuzz() throws {
        var generator = SeededGenerator(seed: 2024)
        let seed = Array(#"{"a":[1,-2,"x\u0041\n"],"b":{"c":true,"d":[]},"e":"😀"}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                default: bytes.insert(bytes[place], at: place)
                }
            }
            if let value = try? CanonicalJSON(parsing: bytes) {
                #expect(try CanonicalJSON(parsing: value.bytes) == value)
            }
        }
    }

    @Test("a digest is the one that sha256sum prints")
    func digest() {
        // `printf abc | sha256sum`, FIPS 180-2 appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest(of: "abc").hex == abc)
        #expect(Digest(hex: abc) == Digest(of: "abc"))
        #expect(Digest(bytes: Digest(of: "abc").bytes) == Digest(of: "abc"))
        for bad in ["", "ba", abc.uppercased(), abc + "0", String(abc.dropLast()) + "g"] {
            #expect(Digest(hex: bad) == nil)
        }
        let others = (0..<100).map { Digest(of: "\($0)") }
        #expect(others.sorted().map(\.hex) == others.map(\.hex).sorted())
    }
}
