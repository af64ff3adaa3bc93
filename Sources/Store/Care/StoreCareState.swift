// What is known of the store's soundness without reading it: how the last verification ended, how
// far one that was interrupted came, what was set aside.

import DurableIO
import JSON
import SystemPackage

package struct StoreCareState: Equatable, Sendable {
    /// A verification that came to its end.
    package struct Verified: Equatable, Sendable {
        package let objects: Int
        /// Unpacked.
        package let rawBytes: Int
        package let faults: Int
        /// Whether it covered all objects.
        package let isWhole: Bool
        /// Whether what was damaged was set aside.
        package let isRepaired: Bool

        init(_ report: VerifierReport, _ policy: ScrubPolicy) {
            self.init(
                objects: report.objectCount, rawBytes: report.rawBytes,
                faults: report.earlierFaults + report.findings.count { $0.isFault },
                isWhole: policy.subset == nil, isRepaired: policy.isRepairing)
        }

        private init(
            objects: Int, rawBytes: Int, faults: Int, isWhole: Bool, isRepaired: Bool
        ) {
            self.objects = objects
            self.rawBytes = rawBytes
            self.faults = faults
            self.isWhole = isWhole
            self.isRepaired = isRepaired
        }

        var members: [String: CanonicalJSON] {
            [
                "faults": .integer(faults), "format": 1, "objects": .integer(objects),
                "raw_bytes": .integer(rawBytes), "repaired": .integer(isRepaired ? 1 : 0),
                "whole": .integer(isWhole ? 1 : 0),
            ]
        }

        /// - Returns: Nil for anything but `members`.
        init?(_ json: CanonicalJSON) {
            guard json["format"] == 1, let objects = json["objects"]?.integerValue,
                let rawBytes = json["raw_bytes"]?.integerValue,
                let faults = json["faults"]?.integerValue,
                let whole = json["whole"]?.integerValue,
                let repaired = json["repaired"]?.integerValue
            else { return nil }
            self.init(
                objects: objects, rawBytes: rawBytes, faults: faults, isWhole: whole == 1,
                isRepaired: repaired == 1)
        }
    }

    /// Nil where none is known to have ended.
    package let verified: Verified?
    /// Milliseconds since 1970 UTC.
    package let verifiedAt: Int?
    /// Objects that an interrupted pass, or one under way, has read, and damaged ones among them.
    package let interrupted: (objects: Int, faults: Int)?
    /// Files that were damaged and lie aside.
    package let quarantined: Int

    package static func == (left: StoreCareState, right: StoreCareState) -> Bool {
        left.verified == right.verified && left.verifiedAt == right.verifiedAt
            && left.quarantined == right.quarantined
            && left.interrupted?.objects == right.interrupted?.objects
            && left.interrupted?.faults == right.interrupted?.faults
    }
}

extension ContentStore {
    /// Reads two small files and the names of a folder.
    package func careState() throws -> StoreCareState {
        try translating {
            let verified = CareFile.read(layout.verified).flatMap { StoreCareState.Verified($0) }
            let time = try Syscalls.stat(layout.verified)?.modifiedNanoseconds
            let checkpoint = CareFile.read(layout.scrub).flatMap { ScrubCheckpoint($0) }
            return StoreCareState(
                verified: verified,
                verifiedAt: verified == nil ? nil : time.map { Int($0 / 1_000_000) },
                interrupted: checkpoint.map { ($0.objects, $0.faults) },
                quarantined: try DirectoryScan.entries(of: layout.quarantine).count)
        }
    }
}
