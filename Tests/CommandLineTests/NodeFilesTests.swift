// What a worker on another machine leaves in its folder: bounded, whatever it says.

import DurableIO
import Foundation
import Glibc
import Jobs
import SystemPackage
import TestSupport
import Testing

@testable import layerfold

@Suite struct NodeFilesTests {
    private let folder: TemporaryFolder
    private var home: FilePath { FilePath(folder.path) }

    init() throws { folder = try TemporaryFolder() }

    private func lines(_ name: String) -> [String] {
        let data = FileManager.default.contents(atPath: home.appending(name).string) ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private func beat(_ moves: Int, kept: Int = 0) -> ProgressLine {
        .heartbeat(Heartbeat(moves: moves, processorSeconds: 0, kept: kept))
    }

    // MARK: Progress

    @Test func `signs of life take no room of the stages'`() throws {
        let progress = NodeProgress(folder: home, bytesMax: 2_000, interval: .zero)
        for moves in 0..<1_000 { progress.emit(beat(moves)) }
        progress.emit(.stageStarted(stage: "merge"))
        #expect(lines("progress.jsonl") == [#"{"kind":"stage-started","stage":"merge"}"#])
        // The last one, over the others.
        let last = try #require(lines("heartbeat.json").first)
        #expect(try ProgressLine(line: Data(last.utf8)) == beat(999))
        let size = try Syscalls.stat(home.appending("heartbeat.json"))?.byteCount
        #expect(size == WorkerRequest.heartbeatBytesMax)
    }

    @Test func `lines that only say how far a stage is leave room for its end`() throws {
        let progress = NodeProgress(folder: home, bytesMax: 2_000, interval: .zero)
        for done in 0..<1_000 {
            progress.emit(.progress(.init(stage: "merge", done: done, total: 999, unit: "t")))
        }
        for _ in 0..<5 { progress.emit(.stageStarted(stage: "next")) }
        #expect(lines("progress.jsonl").suffix(5).allSatisfy { $0.contains("next") })
        for _ in 0..<1_000 { progress.emit(.note(message: "without end")) }
        let size = try Syscalls.stat(home.appending("progress.jsonl"))?.byteCount ?? 0
        #expect(size > 1_000 && size <= 2_000)
    }

    @Test func `that something was kept is said at once`() throws {
        let progress = NodeProgress(folder: home, interval: .seconds(3_600))
        progress.emit(beat(1))
        progress.emit(beat(2))
        progress.emit(beat(3, kept: 1))
        progress.emit(beat(4, kept: 2))
        let last = try #require(lines("heartbeat.json").first)
        #expect(try ProgressLine(line: Data(last.utf8)) == beat(3, kept: 1))
    }

    // MARK: Log

    @Test func `a log that the queue opened stays within two files of its size`() throws {
        let path = home.appending("worker.log")
        let flags = O_WRONLY | O_CREAT | O_APPEND
        let file = try Syscalls.open(path, flags, mode: 0o600)
        defer { try? Syscalls.close(file, path) }
        let log = NodeLog(path, bytesMax: 1_000)
        for number in 0..<100 {
            let line = Array("\(String(repeating: "x", count: 60)) \(number)\n".utf8)
            try unsafe Syscalls.write(file, path, line.span.bytes)
            log.bound(file.rawValue)
        }
        let own = try Syscalls.stat(path)?.byteCount ?? 0
        let before = try Syscalls.stat(home.appending("worker.log.1"))?.byteCount ?? 0
        #expect(own <= 1_000 && before <= 1_000 && own + before > 1_000)
        // The end is whole: nothing is missing between the two, and there is no hole.
        let all = lines("worker.log.1") + lines("worker.log")
        let numbers = all.dropFirst().compactMap { $0.split(separator: " ").last }
        #expect(numbers.last == "99")
        #expect(numbers.compactMap { Int($0) } == Array((100 - numbers.count)..<100))
    }
}
