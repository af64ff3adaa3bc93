// Texts that were made to cost much end in little time and on a small stack; texts that only look
// like them are read.

import Failures
import Foundation
import Jobs
import Synchronization
import Testing

/// A text, and what is said about it; nil where it is a manifest.
struct HostileText: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    let says: String?

    init(_ name: String, _ text: String, says: String?) {
        testDescription = name
        self.text = text
        self.says = says
    }

    private static let key = "a key must be a word"

    private static func times(_ piece: String, _ count: Int) -> String {
        String(repeating: piece, count: count)
    }

    /// `inner` in brackets, with as many elements as fill `bytes`.
    private static func filled(_ open: String, _ close: String, _ depth: Int, bytes: Int) -> String
    {
        let count = (bytes - depth * (open.utf8.count + close.utf8.count) - 2) / 2
        return times(open, depth) + "[" + times("a,", count) + "]" + times(close, depth)
    }

    /// Trees hung into one another by aliases, far deeper than anything that is written.
    private static func hung(_ open: String, _ close: String, trees: Int, asKey: Bool) -> String {
        var text = ""
        var inner = "x"
        for tree in 0..<trees {
            text += "- &a\(tree) \(times(open, 980))\(inner)\(times(close, 980))\n"
            inner = "*a\(tree)"
        }
        return text + (asKey ? "- ? \(inner)\n  : y\n" : "- \(inner)\n")
    }

    static let bombs =
        (3...8).map {
            HostileText("key of \($0)", hung("[", "]", trees: $0, asKey: true), says: "anchors")
        }
        + [
            HostileText(
                "pairs", hung("[? ", "]", trees: 8, asKey: false), says: "anchors"),
            HostileText(
                "pairs without aliases", times("[? ", 990) + "a" + times("]", 990), says: key),
            HostileText(
                "keys in keys", filled("{? ", "}", 900, bytes: 43_000), says: key),
            HostileText(
                "keys in keys of a megabyte",
                filled("{? ", "}", 900, bytes: ManifestLimits.bytesMax), says: key),
            HostileText(
                "keys in keys, few levels",
                filled("{? ", "}", 30, bytes: ManifestLimits.bytesMax), says: key),
            HostileText(
                "aliases in keys",
                times("{? ", 900) + "&c [&b [&a [\(times("a,", 2_000))],*a,*a],*b,*b]"
                    + times("}", 900), says: key),
            HostileText(
                "keys in keys as blocks",
                (0..<900).map { times(" ", $0) + "?\n" }.joined() + times(" ", 901) + "a\n",
                says: key),
            HostileText(
                "a key that is a tree", "[\(times("[", 31))a\(times("]", 31))]: x\n",
                says: key),
            HostileText(
                "anchors without aliases", times("- &a a\n", 100_000), says: "anchors"),
            HostileText(
                "many directives",
                (0..<70_000).map { "%TAG !\(String($0, radix: 36))! x\n" }.joined() + "--- a\n",
                says: "%TAG"),
            HostileText(
                "directives after the end",
                "version: 1\n...\n"
                    + (0..<70_000).map { "%TAG !\(String($0, radix: 36))! x\n" }
                    .joined() + "--- a\n", says: "%TAG"),
            HostileText(
                "long tags", "%TAG !a! \(times("x", 500_000))\n---\n\(times("- !a!x\n", 70_000))",
                says: "%TAG"),
        ]

    private static let signs = "? & * *a &a [? {? [[[[ }: ]: - ? %TAG !x <<: *a"

    private static func manifest(model: String, head: String = "", tail: String = "") -> String {
        head + "version: 1\nname: j\nmodel: \(model)\n"
            + "compress:\n- {method: reverse, ratios: [0.5]}\n" + tail
    }

    static let harmless = [
        HostileText(
            "comments",
            manifest(model: "m # \(signs)", head: times("# \(signs)\n", 1_000), tail: "# \(signs)"),
            says: nil),
        HostileText("double quotes", manifest(model: "\"\(times(signs, 50))\""), says: nil),
        HostileText("single quotes", manifest(model: "'\(times(signs, 50))'"), says: nil),
        HostileText("a block", manifest(model: ">-\n  \(signs)\n  ? a\n  : *b"), says: nil),
        HostileText("a word", manifest(model: "a ?b *c &d {e} [f] %TAG !g"), says: nil),
        HostileText(
            "an explicit key", manifest(model: "m", tail: "? priority\n: 1\n"), says: nil),
        HostileText(
            "marks and ends", manifest(model: "m", head: "%YAML 1.1\n---\n", tail: "...\n"),
            says: nil),
        HostileText(
            "JSON",
            #"{"version":1,"name":"j","model":"\#(signs)","compress":"#
                + #"[{"method":"reverse","ratios":[0.5]}]}"#, says: nil),
    ]
}

@Suite struct HostileManifestTests {
    /// The daemon reads on threads of a queue, which have 2 MiB where `ulimit -s` is `unlimited`.
    private static let stackBytes = 1 << 20
    /// Generous for a slow, busy machine: the slowest takes well below a second.
    private static let secondsMax = 20

    /// What the parser says, on a thread of its own.
    private final class Reading: Sendable {
        private let error = Mutex<(any Error)?>(nil)
        private let hasEnded = DispatchSemaphore(value: 0)

        init(_ text: String) {
            let thread = Thread { [self] in
                do {
                    _ = try ManifestParser.parse(bytes: Data(text.utf8), name: "x")
                } catch let thrown {
                    error.withLock { $0 = thrown }
                }
                hasEnded.signal()
            }
            thread.stackSize = stackBytes
            thread.start()
        }

        /// nil where it is a manifest.
        func refusal() throws -> ManifestError? {
            let end = hasEnded.wait(timeout: .now() + .seconds(secondsMax))
            try #require(end == .success, "it takes longer than \(secondsMax) s")
            guard let error = error.withLock({ $0 }) else { return nil }
            return try #require(error as? ManifestError, "\(error)")
        }
    }

    @Test(arguments: HostileText.bombs + HostileText.harmless)
    func `a text ends in little time and on a small stack`(hostile: HostileText) throws {
        let error = try Reading(hostile.text).refusal()
        guard let says = hostile.says else {
            #expect(error == nil)
            return
        }
        let words = try #require(error, "it was accepted").description
        #expect(words.contains(says), "\(words)")
    }

    @Test(arguments: [
        "version: a\(String(repeating: "\u{301}", count: 300_000))\n",
        "a\(String(repeating: "\u{301}", count: 300_000)): 1\n",
        "version: \"\\x9b31m\\u202e\"\n",
    ])
    func `what was found is told in short, and commands no terminal`(text: String) throws {
        let words = try #require(try Reading(text).refusal()).description
        #expect(words.utf8.count < 2_000)
        #expect(words.unicodeScalars.allSatisfy(OneLine.isVisible))
    }

    @Test func `deep nesting is refused without a crash`() throws {
        for text in [
            String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 50_000),
            String(repeating: "- ", count: 100_000),
            (0..<900).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n"),
        ] {
            _ = try #require(try Reading(text).refusal())
        }
    }

    /// Nests of all kinds, with keys that are nests, aliases of nests, and a broad middle.
    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `so do its siblings`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let error = try #require(
            try Reading(Self.sibling(using: &generator)).refusal(), "it was accepted")
        #expect(error.line >= 1 && error.column >= 1)
        #expect(error.description.utf8.count < 2_000)
    }

    private static let flow = [
        ("[", "]"), ("{a: ", "}"), ("[? ", "]"), ("{? ", "}"), ("[a, ", ", b]"), ("{", ": x}"),
        ("[[a]: ", "]"), ("{? [a] : ", "}"), ("[!x ", "]"), ("{\"?\": ", "}"), ("[ # ?\n", "]"),
    ]
    private static let block = ["- ", "? ", "a:\n", "?\n", "-\n", ": ", "- ? ", "? - "]

    private static func sibling(using generator: inout SeededGenerator) -> String {
        var text = ""
        var inner = "x"
        for tree in 0..<Int.random(in: 1...9, using: &generator) {
            let depth = Int.random(in: 20...990, using: &generator)
            let kinds = (0..<3).map { _ in flow.randomElement(using: &generator) ?? ("[", "]") }
            let pairs = (0..<depth).map { kinds[$0 % kinds.count] }
            let width = Int.random(in: 0...10_000, using: &generator)
            let middle = Bool.random(using: &generator) ? "[" : "{"
            let items = (0..<width).map { "\($0), " }.joined()
            text += Bool.random(using: &generator) ? "- " : "- ? "
            text += "&a\(tree) " + pairs.map(\.0).joined() + middle + items + inner
            text += (middle == "[" ? "]" : "}") + pairs.reversed().map(\.1).joined() + "\n"
            inner = Array(repeating: "*a\(tree)", count: Int.random(in: 1...3, using: &generator))
                .joined(separator: ", ")
        }
        guard Bool.random(using: &generator) else { return text }
        var lines = ""
        let kind = block.randomElement(using: &generator) ?? "- "
        for level in 0..<Int.random(in: 40...900, using: &generator) {
            lines += kind.hasSuffix("\n") ? String(repeating: " ", count: level) + kind : kind
        }
        return lines + text
    }
}
