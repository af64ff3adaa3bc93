// How fast a machine is, learnt and kept.

import Foundation
import Model
import Runner
import SystemPackage
import TestSupport
import Testing

@Suite struct RatesTests {
    private func work(_ operations: Double) -> Work { Work(operations: operations) }

    @Test("nothing known is a guess, a measured machine is not, its own history is best")
    func basis() {
        var rates = Rates()
        #expect(rates.seconds("weights fold", work(1e12), threads: 2).basis == .guess)
        rates.speed = Rates.Speed(operations: 1e11, read: 1e9, written: 1e8)
        let measured = rates.seconds("weights fold", work(1e12), threads: 2)
        #expect(measured.basis == .measured && measured.seconds == 10)
        rates.learn("weights fold", work(2e12), seconds: 60)
        let learnt = rates.seconds("weights fold", work(1e12), threads: 2)
        #expect(learnt.basis == .history && abs(learnt.seconds - 30) < 1e-9)
        // Another kind has no history.
        #expect(rates.seconds("activations", work(1e12), threads: 2).basis == .measured)
    }

    @Test("of three stages of one size the middle one counts, and of many sizes the nearest")
    func median() {
        var rates = Rates()
        for seconds in [10.0, 90, 11] { rates.learn("guard", work(1e12), seconds: seconds) }
        for _ in 0..<3 { rates.learn("guard", work(1e6), seconds: 5) }
        #expect(abs(rates.seconds("guard", work(1e12), threads: 2).seconds - 11) < 1e-9)
        #expect(abs(rates.seconds("guard", work(2e12), threads: 2).seconds - 22) < 1e-9)
        rates.learn("guard", work(1e12), seconds: .nan)
        rates.learn("guard", .none, seconds: 3)
        #expect(abs(rates.seconds("guard", work(1e12), threads: 2).seconds - 11) < 1e-9)
        #expect(rates.seconds("guard", .none, threads: 2).seconds == 0)
    }

    @Test("old samples make room")
    func forgotten() {
        var rates = Rates()
        for index in 0..<100 { rates.learn("guard", work(1e12), seconds: Double(index + 1)) }
        #expect(rates.stages["guard"]?.count == 16)
        #expect(rates.stages["guard"]?.last?.seconds == 100)
    }

    @Test("the file keeps machines apart, and what is damaged or foreign is as good as none")
    func file() throws {
        let folder = try TemporaryFolder()
        let state = FilePath(folder.path)
        let path = folder.path + "/rates.json"
        let (mine, other) = (
            RateFile(state: state, machine: "mine"), RateFile(state: state, machine: "other")
        )
        #expect(mine.rates == Rates())
        try mine.learn("guard", work(1e12), seconds: 4)
        try other.learn(Rates.Speed(operations: 1e9, read: 1e9, written: 1e9))
        #expect(mine.rates.stages["guard"]?.map(\.seconds) == [4])
        #expect(mine.rates.speed == nil && other.rates.stages.isEmpty)
        // Written whole under another name: nothing else lies beside it.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["rates.json"])
        let whole = try Data(contentsOf: URL(filePath: path))
        for damaged in [whole.prefix(whole.count / 2), Data("{\"format\": 99}".utf8), Data()] {
            try FileManager.default.removeItem(atPath: path)
            try damaged.write(to: URL(filePath: path))
            #expect(mine.rates == Rates())
            try mine.learn("guard", work(1e12), seconds: 7)
            #expect(mine.rates.stages["guard"]?.map(\.seconds) == [7])
        }
    }

    @Test("where it cannot be written, whoever learns is told, and reading gives nothing")
    func unwritable() throws {
        let folder = try TemporaryFolder()
        let file = RateFile(state: FilePath(folder.path + "/missing"), machine: "mine")
        #expect(throws: (any Error).self) { try file.learn("guard", work(1), seconds: 1) }
        #expect(file.rates == Rates())
    }
}
