// The parser against mutated manifests: no crash, no hang, and what is accepted is sound.

import Foundation
import Jobs
import Testing

/// SplitMix64 (Steele, Lea and Flood 2014): small, seeded, good enough to choose mutations.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

@Suite struct ManifestFuzzTests {
    private static let seeds =
        [ManifestTests.minimal] + BadManifest.all.map(\.text).filter { $0.utf8.count < 2_000 }
    private static let tokens = [
        "&a ", "*a", "!!str ", "!x ", "? ", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'", "|\n",
        ">\n",
        "#", "\n", "\r\n", "\t", "---\n", "...\n", "%YAML 1.2\n", "~", ".nan", "1e999", "0.25",
        "ratios:", "compress:", "method: mka", "\u{FEFF}", "\u{85}", "\u{2028}", "\\",
        "\"\\ud800\"",
        "*a *a *a *a *a *a *a *a *a *a", "a" + String(repeating: "\u{301}", count: 5_000),
    ]

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `a mutated manifest is accepted soundly or refused with a place`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<250 {
            let bytes = mutated(using: &generator)
            do {
                let job = try ManifestParser.parse(bytes: bytes, name: "fuzz")
                check(job)
                let json = try job.canonicalJSON()
                #expect(try ManifestParser.parse(bytes: json, name: "x") == job, "seed \(seed)")
            } catch let error as ManifestError {
                // NEL and the Unicode separators end lines as well, all with C2 or E2.
                let lines = bytes.count { [0x0A, 0x0D, 0xC2, 0xE2].contains($0) } + 1
                #expect(error.line >= 1 && error.line <= lines, "seed \(seed)")
                #expect(error.column >= 1, "seed \(seed)")
                #expect(!error.problem.isEmpty, "seed \(seed)")
                #expect(error.description.utf8.count < 2_000, "seed \(seed)")
            }
        }
    }

    private func check(_ job: JobDescription) {
        #expect(JobName.isValid(job.name))
        #expect(!job.compress.isEmpty)
        for compression in job.compress {
            #expect(compression.ratios.allSatisfy { $0 > 0 && $0 < 1 })
        }
    }

    private func mutated(using generator: inout SeededGenerator) -> Data {
        var bytes = Array(Self.seeds.randomElement(using: &generator)?.utf8 ?? "".utf8)
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0 where place < bytes.count:
                bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1 where place < bytes.count:
                bytes.remove(at: place)
            case 2:
                let other = Array(Self.seeds.randomElement(using: &generator)?.utf8 ?? "".utf8)
                bytes.insert(contentsOf: other.suffix(place), at: place)
            case 3:
                bytes.removeSubrange(place...)
            default:
                let token = Self.tokens.randomElement(using: &generator) ?? ""
                bytes.insert(contentsOf: token.utf8, at: place)
            }
        }
        return Data(bytes)
    }

    @Test func `the worst inputs of a megabyte are refused in bounded time`() {
        let full = ManifestLimits.bytesMax
        func filled(_ piece: String) -> Data {
            Data(String(repeating: piece, count: full / piece.utf8.count).utf8)
        }
        let inputs = [
            filled("- a\n"), filled("a: "), filled("[a],\n"), filled("? a\n"), filled("\"\\x41\" "),
            filled("k: v\n"), filled("- - "), filled("# comment\n"), filled("*a "), filled("&a "),
            Data("[".utf8) + filled("a,").dropLast(2) + Data("]".utf8),
        ]
        // Generous for a slow, busy machine: the slowest takes about a second.
        let limit = Duration.seconds(20)
        for input in inputs {
            let elapsed = ContinuousClock().measure {
                _ = try? ManifestParser.parse(bytes: input, name: "worst")
            }
            #expect(elapsed < limit, "\(String(decoding: input.prefix(8), as: UTF8.self))")
        }
    }
}
