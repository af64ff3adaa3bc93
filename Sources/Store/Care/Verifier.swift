// Reads everything and believes nothing: every object's content, every action's key and references.
// Goes on after each fault, so that one run tells all.

import DurableIO
package import SystemPackage

/// Something in the store that is not as it should be.
package enum Finding: Equatable, Sendable {
    /// An object is damaged; the actions named promise it as an output.
    case damagedObject(Digest, ObjectFault, actions: [Digest])
    case damagedAction(Digest, ActionFault)
    /// An action names an object that is missing, or of another size.
    case danglingAction(Digest, role: String, object: Digest)
    /// A name that is none of the store's. It is left alone, and is no fault.
    case unknown(FilePath)
    /// A file that was set aside earlier. It is no fault.
    case quarantined(FilePath)

    /// Whether it is damage, rather than something worth knowing.
    package var isFault: Bool {
        switch self {
        case .damagedObject, .damagedAction, .danglingAction: true
        case .unknown, .quarantined: false
        }
    }
}

extension Finding: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damagedObject(let digest, let fault, let actions):
            "object \(digest) is damaged: \(fault); "
                + "\(actions.count) recorded steps rest on it and will run again"
        case .damagedAction(let key, let fault): "action \(key) is damaged: \(fault)"
        case .danglingAction(let key, let role, let object):
            "action \(key) names object \(object) as `\(role)`, which is missing"
        case .unknown(let path): "`\(path)` does not belong to the store and is left alone"
        case .quarantined(let path): "`\(path)` was damaged and is kept aside; it may be removed"
        }
    }
}

/// What a verification saw.
package struct VerifierReport: Equatable, Sendable {
    package internal(set) var objectCount = 0
    /// Bytes of the objects verified, unpacked.
    package internal(set) var rawBytes = 0
    package internal(set) var actionCount = 0
    /// In the order objects, actions, names; each sorted.
    package internal(set) var findings: [Finding] = []

    package var isSound: Bool { !findings.contains(where: \.isFault) }
}

extension ContentStore {
    /// Verifies the whole store.
    ///
    /// Other processes may use the store meanwhile: what they add is left out, what they remove is
    /// no fault.
    /// - Parameters:
    ///   - repairing: Whether damaged objects are quarantined, and damaged and dangling actions
    ///     removed. A second run then finds nothing. Default: no, only look.
    ///   - progress: Called after each object with objects done and in all.
    package func verify(
        repairing: Bool = false, progress: (Int, Int) -> Void = { _, _ in }
    ) throws -> VerifierReport {
        precondition(!(repairing && isReadOnly), "a store that is only read is not repaired")
        return try translating {
            var report = VerifierReport()
            // Actions before objects: an action that is listed has its objects already.
            let actions = try names(in: layout.actions, suffix: StoreLayout.actionSuffix)
            let objects = try names(in: layout.objects, suffix: StoreLayout.objectSuffix)
            let records = try loadAll(actions.known, repairing: repairing, &report)
            let sound = try verifyObjects(
                objects.known, records: records, repairing: repairing, &report, progress)
            try verifyReferences(records, sound: sound, repairing: repairing, &report)
            for path in try actions.unknown + objects.unknown + unknownBeside() {
                report.findings.append(.unknown(path))
            }
            for entry in try DirectoryScan.entries(of: layout.quarantine) {
                report.findings.append(.quarantined(layout.quarantine.appending(entry.name)))
            }
            return report
        }
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
                if repairing { try removeAction(key) }
            }
            report.actionCount += 1
        }
        return records
    }

    /// - Returns: Raw bytes of the sound objects.
    private func verifyObjects(
        _ digests: [Digest], records: [ActionRecord], repairing: Bool,
        _ report: inout VerifierReport, _ progress: (Int, Int) -> Void
    ) throws -> [Digest: Int] {
        var users: [Digest: [Digest]] = [:]
        for record in records {
            for output in record.outputs {
                users[output.digest, default: []] += [record.key.digest]
            }
        }
        var sound: [Digest: Int] = [:]
        for (index, digest) in digests.enumerated() {
            let status = try Syscalls.stat(layout.object(digest))
            switch try inspect(digest) {
            case .sound(let rawBytes):
                sound[digest] = rawBytes
                report.rawBytes += rawBytes
                report.objectCount += 1
            case .missing: break
            case .damaged(let fault):
                report.objectCount += 1
                report.findings.append(
                    .damagedObject(digest, fault, actions: users[digest] ?? []))
                if repairing { _ = try quarantine(digest, fault, status) }
            }
            progress(index + 1, digests.count)
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
            if repairing { try removeAction(key) }
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
        let known: Set = ["FORMAT", "obj", "act", "pins", "tmp", "quarantine", "recent"]
        var unknown: [FilePath] = []
        for entry in try DirectoryScan.entries(of: layout.root)
        where !known.contains(entry.name.string) {
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
    func inspect(_ digest: Digest) throws -> Inspection {
        try inspect(digest) { reader in try reader.read(lanes: lanes) { _ in } }
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
