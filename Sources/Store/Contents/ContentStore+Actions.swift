// Recording steps and finding them again.

import DurableIO
package import JSON
import SystemPackage

/// What came of looking for a recorded step.
package enum ActionLookup: Equatable, Sendable {
    case hit(ActionRecord)
    case miss(ActionMiss)

    /// The record, or nil for a miss.
    package var record: ActionRecord? {
        if case .hit(let record) = self { record } else { nil }
    }
}

/// Why a step has to run again.
package enum ActionMiss: Equatable, Sendable {
    /// It was never recorded, or has been forgotten.
    case unknown
    /// Its file was damaged and has been removed.
    case damaged(ActionFault)
    /// One of its objects is gone or not what it should be; the record has been removed.
    case outputMissing(role: String, digest: Digest)
}

/// What came of recording a step.
package enum RecordOutcome: Equatable, Sendable {
    case recorded
    /// The same outputs were recorded before.
    case alreadyRecorded
    /// Other outputs were recorded for the same key, and stay: the stage is not deterministic, or
    /// its key misses an input.
    case conflict(existing: ActionRecord)
}

extension ContentStore {
    /// Records a step, durably, after its outputs.
    /// - Parameter outputs: Objects that are in this store.
    /// - Throws: `StoreError.outputMissing` if one is not.
    package func record(
        _ key: ActionKey, outputs: [ActionOutput], seconds: Double, peakBytes: Int,
        notes: [String: CanonicalJSON] = [:]
    ) throws -> RecordOutcome {
        let record = ActionRecord(
            key: key, outputs: outputs, seconds: seconds, peakBytes: peakBytes, notes: notes)
        let bytes = record.fileBytes
        precondition(bytes.count <= ActionRecord.fileBytesMax, "an action of too many outputs")
        return try translating { try publish(record, bytes) }
    }

    private func publish(_ record: ActionRecord, _ bytes: [UInt8]) throws -> RecordOutcome {
        let path = layout.action(record.key.digest)
        while true {
            let isRecorded = try whileNothingIsRemoved {
                for output in record.outputs {
                    guard try isThere(output) else {
                        throw StoreError.outputMissing(
                            stage: record.key.stage, role: output.role, digest: output.digest)
                    }
                }
                guard try publish(bytes, as: path) else { return false }
                // After the naming: a collector that listed the actions before it has seen an
                // older age of the objects, whenever it listed those, and leaves them.
                for output in record.outputs {
                    try Syscalls.touch(layout.object(output.digest))
                }
                return true
            }
            if isRecorded { return .recorded }
            // Somebody recorded it; a record that is not sound goes, and ours comes.
            if let existing = try lookup(record.key).record {
                try Syscalls.syncFolder(path.removingLastComponent())
                return existing.outputs == record.outputs
                    ? .alreadyRecorded : .conflict(existing: existing)
            }
        }
    }

    /// Makes a small file that appears complete and durable.
    /// - Returns: False if the name was taken.
    func publish(_ bytes: [UInt8], as target: FilePath) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            var file = try scratch.newFile()
            try file.write(bytes)
            try file.publish(as: target, existing: .refuse, permissions: 0o400)
            return true
        } catch {
            guard error.errno == .fileExists else { throw error }
            return false
        }
    }

    /// Finds the record of a step whose objects are all there.
    ///
    /// A damaged record, and one that names a missing object, is removed on the way.
    /// - Parameter touching: Whether this counts as a use, which keeps record and objects from
    ///   garbage collection. Default: yes.
    package func lookup(_ key: ActionKey, touching: Bool = true) throws -> ActionLookup {
        try lookup(key.digest, touching: touching)
    }

    /// Finds a record by the digest of its key.
    package func lookup(_ key: Digest, touching: Bool = true) throws -> ActionLookup {
        try translating { try find(key, touching: touching) }
    }

    private func find(_ key: Digest, touching: Bool) throws -> ActionLookup {
        let record: ActionRecord
        do {
            guard let found = try loadAction(key) else { return .miss(.unknown) }
            record = found
        } catch let fault as ActionFault {
            try removeAction(key)
            return .miss(.damaged(fault))
        }
        if let missing = try firstUnsound(record.outputs) {
            try removeAction(key)
            return .miss(.outputMissing(role: missing.role, digest: missing.digest))
        }
        if touching, try !touch(record) { return .miss(.unknown) }
        return .hit(record)
    }

    /// Reads the record of a key as it lies in the store, without looking at its objects.
    /// - Returns: Nil if there is none.
    /// - Throws: `ActionFault` for a damaged one.
    package func loadAction(_ key: Digest) throws -> ActionRecord? {
        do {
            let bytes = try SmallFile.read(
                layout.action(key), bytesMax: ActionRecord.fileBytesMax)
            return try ActionRecord(parsing: bytes, name: key)
        } catch let error as SystemCallError where error.isMissing {
            return nil
        } catch let error as SystemCallError where error.meansDamage {
            throw ActionFault.unreadable(reason: error.description)
        } catch let error as SmallFile.TooLarge {
            throw ActionFault.unreadable(reason: error.description)
        }
    }

    /// Removes a record, durably; none is fine too.
    func removeAction(_ key: Digest) throws(SystemCallError) {
        let path = layout.action(key)
        do throws(SystemCallError) {
            try Syscalls.unlink(path)
        } catch {
            guard error.isMissing else { throw error }
        }
        try Syscalls.syncFolder(path.removingLastComponent())
    }

    /// Removes every record that names `digest` as an output, and every damaged one met: nobody
    /// can tell what it names.
    /// - Returns: Their keys, sorted.
    func dropActions(naming digest: Digest) throws -> [Digest] {
        var dropped: [Digest] = []
        for key in try actionKeys() {
            do {
                guard let record = try loadAction(key),
                    record.outputs.contains(where: { $0.digest == digest })
                else { continue }
            } catch is ActionFault {}
            try removeAction(key)
            dropped.append(key)
        }
        return dropped
    }

    /// The first output whose object is missing, damaged, or of another size.
    private func firstUnsound(_ outputs: [ActionOutput]) throws -> ActionOutput? {
        for output in outputs where try info(of: output.digest)?.rawBytes != output.byteCount {
            return output
        }
        return nil
    }

    /// Marks a record and its objects as used now: first the record, so that garbage collection,
    /// which takes the oldest first, never finds the objects newer than what names them.
    /// - Returns: False if one of them is gone meanwhile.
    private func touch(_ record: ActionRecord) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try Syscalls.touch(layout.action(record.key.digest))
            for output in record.outputs { try Syscalls.touch(layout.object(output.digest)) }
            return true
        } catch {
            guard error.isMissing else { throw error }
            return false
        }
    }
}
