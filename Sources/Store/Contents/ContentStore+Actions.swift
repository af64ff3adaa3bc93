// Recording steps and finding them again.

import DurableIO
package import JSON
package import SystemPackage

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
    /// It, or one of its objects, belongs to somebody else, so that nobody can keep it from
    /// garbage collection; the record has been removed.
    case foreign
}

/// What came of recording a step.
package enum RecordOutcome: Equatable, Sendable {
    case recorded
    /// The same outputs were recorded before.
    case alreadyRecorded
    /// Other outputs were recorded for the same key, and stay: the stage is not deterministic, or
    /// its key misses an input.
    case conflict(existing: ActionRecord)
    /// What has the name can be neither used nor removed: nothing was recorded.
    case refused(ActionMiss)
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
        return try translating {
            let outcome = try publish(record, bytes)
            if outcome == .recorded { remember(key) }
            return outcome
        }
    }

    /// Others may record and remove the same key at the same time; what cannot be removed is
    /// there each time.
    private static let publishingTriesMax = 16

    private func publish(_ record: ActionRecord, _ bytes: [UInt8]) throws -> RecordOutcome {
        let path = layout.action(record.key.digest)
        var met = ActionMiss.unknown
        for _ in 0..<Self.publishingTriesMax {
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
                    _ = try touchOwn(layout.object(output.digest))
                }
                return true
            }
            if isRecorded { return .recorded }
            // Somebody recorded it; a record that is not sound goes, and ours comes.
            switch try lookup(record.key) {
            case .hit(let existing):
                try Syscalls.syncFolder(path.removingLastComponent())
                return existing.outputs == record.outputs
                    ? .alreadyRecorded : .conflict(existing: existing)
            case .miss(let miss): met = miss
            }
        }
        return .refused(met)
    }

    /// Makes a small file that appears complete and durable.
    /// - Returns: False if the name was taken.
    func publish(_ bytes: [UInt8], as target: FilePath) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            var file = try newFile()
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
            try forget(key)
            return .miss(.damaged(fault))
        } catch let error as SystemCallError where error.meansRemoved {
            return .miss(.unknown)
        }
        if let missing = try firstUnsound(record.outputs) {
            try forget(key)
            return .miss(.outputMissing(role: missing.role, digest: missing.digest))
        }
        guard touching, !isReadOnly else { return .hit(record) }
        switch try touch(record) {
        case .done: break
        case .gone: return .miss(.unknown)
        case .foreign:
            try forget(key)
            return .miss(.foreign)
        }
        if !recentActions(key: record.key).contains(key) { remember(record.key) }
        return .hit(record)
    }

    /// Removes a record that is of no use; one that somebody else holds on to stays, and is of no
    /// use all the same.
    private func forget(_ key: Digest) throws(SystemCallError) {
        if !isReadOnly { _ = try removeIfOurs(key) }
    }

    /// Removes a record, durably; none is fine too.
    /// - Returns: False where it may not be removed: the folder is somebody else's, or the name is
    ///   a folder's.
    func removeIfOurs(_ key: Digest) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try removeAction(key)
            return true
        } catch {
            guard error.isForbidden else { throw error }
            return false
        }
    }

    /// Marks a file as used now.
    /// - Returns: False if that is not ours to do.
    func touchOwn(_ path: FilePath) throws(SystemCallError) -> Bool {
        do throws(SystemCallError) {
            try Syscalls.touch(path)
            return true
        } catch {
            guard error.isForbidden else { throw error }
            return false
        }
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
        } catch let error as SystemCallError where countsAsDamage(error) {
            throw ActionFault.unreadable(reason: error.description)
        } catch let error as SmallFile.TooLarge {
            throw ActionFault.unreadable(reason: error.description)
        }
    }

    /// Where a record lies, for messages.
    package func actionPath(_ key: ActionKey) -> FilePath { layout.action(key.digest) }

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
            if try removeIfOurs(key) { dropped.append(key) }
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
    private func touch(_ record: ActionRecord) throws(SystemCallError) -> Touch {
        let files =
            [layout.action(record.key.digest)]
            + record.outputs.map { layout.object($0.digest) }
        do throws(SystemCallError) {
            for file in files {
                guard try touchOwn(file) else { return .foreign }
            }
            return .done
        } catch {
            guard error.isMissing else { throw error }
            return .gone
        }
    }

    private enum Touch {
        case done
        /// Removed meanwhile.
        case gone
        /// Somebody else's.
        case foreign
    }
}
