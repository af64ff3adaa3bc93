// The folder of one job: the truth about it, from which its row in the index can be made again.

package import DurableIO
package import Failures
import Foundation
package import Jobs
package import SystemPackage

package struct JobFolder: Sendable {
    /// A file of the folder does not say what it should.
    package struct Unreadable: ClassifiedFailure, CustomStringConvertible {
        package let path: FilePath
        package let reason: String
        package let failureClass: FailureClass

        package var description: String { "`\(path)` cannot be read: \(reason)" }
    }

    package let path: FilePath

    package init(_ path: FilePath) {
        self.path = path
    }

    package var log: FilePath { path.appending(WorkerRequest.logFileName) }
    package var progress: FilePath { path.appending(WorkerRequest.progressFileName) }
    package var heartbeat: FilePath { path.appending(WorkerRequest.heartbeatFileName) }

    // MARK: Acceptance

    /// Writes the manifest and then the record, each durably. When this returns, the job is
    /// accepted; when it is interrupted, doing it again gives the same files.
    package func accept(manifest: [UInt8], record: JobRecord) throws {
        try Syscalls.makeFolders(path, mode: 0o700)
        try write(manifest, to: JobRecord.manifestFileName)
        try write(Array(JobJSON.encodePretty(record)), to: JobRecord.fileName)
    }

    /// - Returns: Nil where the folder holds no record: the acceptance was interrupted.
    /// - Throws: `NewerFormat`, `Unreadable`.
    package func record() throws -> JobRecord? {
        // The version is read alone: what else a newer record holds is not known here.
        struct Header: Decodable { let version: Int }
        let header = try decoded(Header.self, JobRecord.fileName, bytesMax: JobRecord.bytesMax)
        if let header, header.version > JobRecord.currentVersion {
            throw NewerFormat(
                source: "`\(path.appending(JobRecord.fileName))`", field: "version",
                found: String(header.version), known: [String(JobRecord.currentVersion)])
        }
        return try decoded(JobRecord.self, JobRecord.fileName, bytesMax: JobRecord.bytesMax)
    }

    /// The model that the record names, without reading the rest of it; nil where there is none.
    /// - Throws: `Unreadable`.
    package func model() throws -> String? {
        struct Header: Decodable {
            struct Description: Decodable { let model: String }
            let description: Description
        }
        return try decoded(Header.self, JobRecord.fileName, bytesMax: JobRecord.bytesMax)?
            .description.model
    }

    // MARK: Outcome and end

    /// The outcome of an attempt, if it left one; one that cannot be read counts as none, so that
    /// the attempt is lost rather than the job.
    package func outcome() -> WorkerOutcome? {
        let outcome = try? decoded(
            WorkerOutcome.self, WorkerOutcome.fileName, bytesMax: WorkerOutcome.bytesMax)
        guard let outcome, outcome.version == WorkerOutcome.currentVersion,
            (outcome.failure == nil) == (outcome.result == .succeeded)
        else { return nil }
        return outcome
    }

    /// Of a job whose workers are on other machines; a worker here writes it itself.
    package func write(_ outcome: WorkerOutcome) throws {
        try write(Array(JobJSON.encodePretty(outcome)), to: WorkerOutcome.fileName)
    }

    /// Removes what earlier attempts said, durably, before a new one begins.
    package func removeOutcome() throws {
        try remove(WorkerOutcome.fileName)
    }

    package func writeEnd(_ end: JobEnd) throws {
        try write(Array(JobJSON.encodePretty(end)), to: JobEnd.fileName)
    }

    package func end() throws -> JobEnd? {
        try decoded(JobEnd.self, JobEnd.fileName, bytesMax: JobEnd.bytesMax)
    }

    /// The job is queued again.
    package func removeEnd() throws {
        try remove(JobEnd.fileName)
    }

    /// What people ordered.
    /// - Throws: `Unreadable`, and `NewerFormat` for orders of a newer daemon.
    package func orders() throws -> JobOrders {
        let orders = try decoded(
            JobOrders.self, JobOrders.fileName, bytesMax: JobOrders.bytesMax)
        guard let orders else { return JobOrders() }
        guard orders.version == JobOrders.currentVersion else {
            throw NewerFormat(
                source: "`\(path.appending(JobOrders.fileName))`", field: "version",
                found: String(orders.version), known: [String(JobOrders.currentVersion)])
        }
        return orders
    }

    package func write(_ orders: JobOrders) throws {
        try write(Array(JobJSON.encodePretty(orders)), to: JobOrders.fileName)
    }

    /// What somebody wrote about the job last; nil where nobody did.
    /// - Throws: `Unreadable`.
    package func note() throws -> JobNote? {
        try decoded(JobNote.self, JobNote.fileName, bytesMax: JobNote.bytesMax)
    }

    /// - Parameter note: nil takes it away.
    package func write(_ note: JobNote?) throws {
        guard let note else { return try remove(JobNote.fileName) }
        try write(Array(JobJSON.encodePretty(note)), to: JobNote.fileName)
    }

    /// What the present attempt was expected to take; nil where nobody planned it.
    package func plan() -> KeptPlan? {
        try? decoded(KeptPlan.self, WorkerRequest.planFileName, bytesMax: KeptPlan.bytesMax)
    }

    /// Keeps a forecast of a job that waits: a help, so what goes wrong costs nothing.
    func keep(plan forecast: Data) {
        guard forecast.count <= KeptPlan.bytesMax else { return }
        try? write(Array(forecast), to: WorkerRequest.planFileName)
    }

    /// The last bytes of the worker's log, as text.
    package func logTail(bytesMax: Int = 2_000) -> String {
        guard let chunk = try? FileChunk.read(log, from: .end(minus: bytesMax), bytesMax: bytesMax)
        else { return "" }
        return String(decoding: chunk.bytes, as: UTF8.self)
    }

    // MARK: Files

    private func write(_ bytes: [UInt8], to name: String) throws {
        try DurableFile.write(bytes, to: path.appending(name))
    }

    private func remove(_ name: String) throws {
        let file = path.appending(name)
        guard try Syscalls.stat(file) != nil else { return }
        try Syscalls.unlink(file)
        try Syscalls.syncFolder(path)
    }

    private func decoded<Value: Decodable>(
        _ type: Value.Type, _ name: String, bytesMax: Int
    ) throws -> Value? {
        let file = path.appending(name)
        do {
            guard try Syscalls.stat(file) != nil else { return nil }
            let bytes = try SmallFile.read(file, bytesMax: bytesMax)
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw Unreadable(
                path: file, reason: FaultText.describe(error), failureClass: FailureClass(of: error)
            )
        }
    }
}

/// A part of a file that grows.
package struct FileChunk: Sendable {
    package enum Start: Sendable {
        case offset(Int)
        /// This many bytes before the end, or the beginning.
        case end(minus: Int)
    }

    package let bytes: [UInt8]
    /// Where the next chunk begins.
    package let nextOffset: Int

    package static func read(
        _ path: FilePath, from start: Start, bytesMax: Int
    ) throws(SystemCallError) -> FileChunk {
        let descriptor = try FileDescriptor.opened(path)
        defer { try? Syscalls.close(descriptor, path) }
        let size = try Syscalls.stat(descriptor, path).byteCount
        let offset =
            switch start {
            case .offset(let offset): min(max(0, offset), size)
            case .end(let distance): max(0, size - distance)
            }
        let count = min(bytesMax, size - offset)
        do {
            let bytes = try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
                filled = try unsafe Syscalls.read(
                    descriptor, path, at: offset, into: UnsafeMutableRawBufferPointer(buffer))
            }
            return FileChunk(bytes: bytes, nextOffset: offset + bytes.count)
        } catch let error as SystemCallError {
            throw error
        } catch {
            preconditionFailure("reading throws SystemCallError only")
        }
    }
}

extension FileDescriptor {
    /// Opens a file of ours for reading; never follows a link, never waits for a pipe.
    static func opened(_ path: FilePath) throws(SystemCallError) -> FileDescriptor {
        try Syscalls.open(path, readFlags)
    }
}
