// What can be seen of a worker without a connection to it: the lines and beats that it leaves in
// its job's folder, and, of one that leaves no beats, what the kernel says of its process. On a
// thread of its own, as a disk may answer late.

import DurableIO
import Foundation
import Jobs
import SystemPackage

actor WorkerTrace {
    struct Look: Equatable {
        /// Since the last look, oldest first.
        var said: [ProgressLine] = []
        /// In place of beats, where the worker leaves none.
        var effort: Heartbeat?
    }

    /// Read at one look; what is beyond comes with the next.
    private static let pieceByteCount = 1_048_576

    private let worker: ProcessIdentity
    private let folder: JobFolder
    private var offset = 0
    private var splitter = LineSplitter(bytesMax: ProgressLine.bytesMax)
    /// When the beats' file was written last, and what it held: two beats may be alike.
    private var beat: (modified: Int64, last: LastBeat)?
    private nonisolated let executor = BlockingExecutor(label: "layerfoldd.worker.trace")

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    init(of worker: ProcessIdentity, in folder: JobFolder) {
        self.worker = worker
        self.folder = folder
    }

    func look() -> Look {
        var look = Look(said: lines())
        do {
            if let beat = try newBeat() { look.said.insert(beat, at: 0) }
        } catch {
            // A worker of an earlier version, one that had no room for it, or that hung before it
            // came to it: silence would be held against it for nothing.
            look.effort = ProcessEffort.of(worker.process)
        }
        return look
    }

    private func lines() -> [ProgressLine] {
        let chunk = try? FileChunk.read(
            folder.progress, from: .offset(offset), bytesMax: Self.pieceByteCount)
        guard let chunk else { return [] }
        offset = chunk.nextOffset
        return splitter.append(chunk.bytes).compactMap { try? ProgressLine(line: Data($0)) }
    }

    /// - Returns: Nil where none came since the last look, or half of one is there.
    /// - Throws: where the worker leaves no beats, or they cannot be read.
    private func newBeat() throws -> ProgressLine? {
        let status = try Syscalls.stat(folder.heartbeat)
        let last = try LastBeat(in: folder.heartbeat)
        let modified = status?.modifiedNanoseconds ?? 0
        guard beat.map({ $0 != (modified, last) }) ?? true else { return nil }
        beat = (modified, last)
        return last.heartbeat.map { .heartbeat($0) }
    }
}
