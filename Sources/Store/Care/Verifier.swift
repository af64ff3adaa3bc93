// Reads everything and believes nothing: every object's content, every action's key and references.
// Goes on after each fault, so that one run tells all.

import DurableIO
import SystemPackage

extension ContentStore {
    /// Verifies the whole store.
    ///
    /// Other processes may use the store meanwhile: what they add is left out, what they remove is
    /// no fault.
    /// - Parameter repairing: Whether damaged objects are quarantined, and damaged and dangling
    ///   actions removed. A second run then finds nothing. Default: no, only look.
    package func verify(repairing: Bool = false) throws -> VerifierReport {
        var policy = ScrubPolicy()
        policy.isRepairing = repairing
        policy.objectsPerCheckpoint = nil
        return try scrub(policy)
    }

    /// Verifies the store, or a share of its objects, with checkpoints to go on from.
    /// - Parameter progress: Called after each piece of an object that was read; may take its time.
    package func scrub(
        _ policy: ScrubPolicy, progress: (ScrubProgress) -> Void = { _ in }
    ) throws -> VerifierReport {
        precondition(
            !(policy.isRepairing && isReadOnly), "a store that is only read is not repaired")
        return try translating {
            var report = VerifierReport()
            // Actions before objects: an action that is listed has its objects already.
            let actions = try names(in: layout.actions, suffix: StoreLayout.actionSuffix)
            let objects = try names(in: layout.objects, suffix: StoreLayout.objectSuffix)
            let records = try loadAll(
                actions.known, repairing: policy.isRepairing, &report)
            var pass = ScrubPass(
                policy, objects.known,
                resuming: policy.isResuming ? checkpoint(of: policy) : nil)
            report.earlierFaults = pass.earlier.faults
            let sound = try verifyObjects(&pass, records: records, &report, progress)
            try verifyReferences(
                records, sound: sound, repairing: policy.isRepairing, &report)
            for path in try actions.unknown + objects.unknown + unknownBeside() {
                report.findings.append(.unknown(path))
            }
            for entry in try DirectoryScan.entries(of: layout.quarantine) {
                report.findings.append(.quarantined(layout.quarantine.appending(entry.name)))
            }
            report.findings += try unfinished().map { .unfinished($0) }
            if policy.objectsPerCheckpoint != nil { try removeCheckpoint(of: policy) }
            report.objectCount += pass.earlier.objects
            report.rawBytes += pass.earlier.rawBytes
            if policy.objectsPerCheckpoint != nil {
                let verified = StoreCareState.Verified(report, policy)
                try keep(verified.members, as: layout.verified)
            }
            return report
        }
    }

    /// What lies in tmp/ and is not this process's own.
    private func unfinished() throws(SystemCallError) -> [FilePath] {
        try DirectoryScan.entries(of: layout.temporary)
            .map { layout.temporary.appending($0.name) }
            .filter { $0 != ownTemporaries }
    }

    private func loadAll(
        _ keys: [Digest], repairing: Bool, _ report: inout VerifierReport
    ) throws -> [ActionRecord] {
        var records: [ActionRecord] = []
        for key in keys {
            do {
                guard let record = try loadAction(key) else { continue }
                records.append(record)
            } catch let fault as ActionFault {
                report.findings.append(.damagedAction(key, fault))
                if repairing { _ = try removeIfOurs(key) }
            }
            report.actionCount += 1
        }
        return records
    }

    /// - Returns: Raw bytes of the sound objects that were read.
    private func verifyObjects(
        _ pass: inout ScrubPass, records: [ActionRecord], _ report: inout VerifierReport,
        _ progress: (ScrubProgress) -> Void
    ) throws -> [Digest: Int] {
        var users: [Digest: [Digest]] = [:]
        for record in records {
            for output in record.outputs {
                users[output.digest, default: []] += [record.key.digest]
            }
        }
        var sound: [Digest: Int] = [:]
        let before = report.findings.count { $0.isFault }
        while let digest = pass.next() {
            let status = try Syscalls.stat(layout.object(digest))
            let inspection = try inspect(digest) { bytes in
                pass.progress.rawBytes += bytes
                progress(pass.progress)
            }
            switch inspection {
            case .sound(let rawBytes):
                sound[digest] = rawBytes
                report.rawBytes += rawBytes
                report.objectCount += 1
            case .missing: break
            case .damaged(let fault):
                report.objectCount += 1
                report.findings.append(
                    .damagedObject(digest, fault, actions: users[digest] ?? []))
                if pass.policy.isRepairing { _ = try quarantine(digest, fault, status) }
            }
            // Faults of actions are told again by whoever goes on; those of objects are not.
            let faults = report.findings.count { $0.isFault } - before
            if let checkpoint = pass.finished(digest, report, faults: faults) {
                try keep(checkpoint.members, as: layout.scrub)
            }
        }
        return sound
    }

    private func verifyReferences(
        _ records: [ActionRecord], sound: [Digest: Int], repairing: Bool,
        _ report: inout VerifierReport
    ) throws {
        for record in records
        where record.outputs.contains(where: { sound[$0.digest] != $0.byteCount }) {
            let key = record.key.digest
            guard let missing = try whileNothingIsRemoved({ try firstMissing(key) }) else {
                continue
            }
            report.findings.append(
                .danglingAction(key, role: missing.role, object: missing.digest))
            if repairing { _ = try removeIfOurs(key) }
        }
    }

    /// The first output of a step, as its file names it now, whose object is not there.
    private func firstMissing(_ key: Digest) throws -> ActionOutput? {
        for output in try soundAction(key)?.outputs ?? [] where try !isThere(output) {
            return output
        }
        return nil
    }

    /// Names in the store's own folder, and in pins/, that are not the store's.
    func unknownBeside() throws(SystemCallError) -> [FilePath] {
        var unknown: [FilePath] = []
        for entry in try DirectoryScan.entries(of: layout.root)
        where !StoreLayout.names.contains(entry.name.string) {
            unknown.append(layout.root.appending(entry.name))
        }
        for entry in try DirectoryScan.entries(of: layout.pins)
        where Self.parsePin(entry.name.string) == nil {
            unknown.append(layout.pins.appending(entry.name))
        }
        return unknown
    }
}

// MARK: - Looking without touching

/// What became of looking at an object.
enum Inspection: Equatable {
    case sound(rawBytes: Int)
    case missing
    case damaged(ObjectFault)
}

extension ContentStore {
    /// Reads an object to its end and moves nothing.
    /// - Parameter pace: Called with the bytes of each piece that was read.
    func inspect(_ digest: Digest, pace: (Int) -> Void) throws -> Inspection {
        try inspect(digest) { reader in
            try reader.read(lanes: lanes) { piece in pace(piece.byteCount) }
        }
    }

    /// Whether an output's object is there, by its footer; moves nothing.
    func isThere(_ output: ActionOutput) throws -> Bool {
        try inspect(output.digest) { _ in nil } == .sound(rawBytes: output.byteCount)
    }

    private func inspect(
        _ digest: Digest, _ body: (ObjectReader) throws -> ObjectFault?
    ) throws -> Inspection {
        do {
            let reader = try ObjectReader.open(layout.object(digest), digest)
            if let fault = try body(reader) { return .damaged(fault) }
            return .sound(rawBytes: reader.footer.rawBytes)
        } catch let fault as ObjectFault {
            return .damaged(fault)
        } catch let error as SystemCallError where error.isMissing {
            return .missing
        } catch let error as SystemCallError where countsAsDamage(error) {
            return .damaged(.unreadable(reason: error.description))
        }
    }
}
