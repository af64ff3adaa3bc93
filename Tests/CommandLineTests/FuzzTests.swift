// The fuzzer is in working order: every entry reaches both ends of its parser within a moment.

import Foundation
import TestSupport
import Testing

@Suite("fuzzing")
struct FuzzTests {
    private static let program = Places.programs.appending(path: "layerfold-fuzz").path

    @Test("every entry tries inputs, accepts some and refuses some")
    func everyEntry() throws {
        let outcome = try run(Self.program, ["--seed", "7", "--seconds", "0.3"])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count > 5)
        for line in lines {
            let found = try #require(
                line.firstMatch(of: /seed 7, (\d+) inputs, .* (\d+) accepted/), "\(line)")
            let (tried, accepted) = (try #require(Int(found.1)), try #require(Int(found.2)))
            #expect(0 < accepted && accepted < tried, "\(line)")
        }
    }

    @Test("an input is tried again by its number")
    func again() throws {
        let outcome = try run(Self.program, ["json", "--seed", "7", "--number", "3"])
        #expect(outcome.status == 0 && outcome.output.hasPrefix("json: input 3 was "))
        #expect(try run(Self.program, ["no-such-entry"]).status == 64)
    }
}
