// Why a step was not found: the earlier step of the same stage that differs least, and where.

import DurableIO
import JSON

/// The earlier step most like one that was looked for.
package struct NearestAction: Equatable, Sendable {
    package let record: ActionRecord
    /// Every field that differs, in canonical order; at least one.
    package let differences: [FieldDifference]
}

/// One field in which two steps differ.
package struct FieldDifference: Equatable, Sendable {
    /// For example "params.sigma", "inputs.calibration" or "params.ratios[2]".
    package let path: String
    /// The value asked for, as JSON; nil if there is no such field.
    package let asked: String?
    /// The value of the earlier step, as JSON; nil if it has no such field.
    package let earlier: String?

    package init(path: String, asked: String?, earlier: String?) {
        self.path = path
        self.asked = asked
        self.earlier = earlier
    }
}

extension ContentStore {
    /// Of the recorded steps of the same stage that were used last, the one with the fewest fields
    /// that differ from `key`; of equally near ones the one used last.
    ///
    /// Reads `RecentActions.keysMax` action files at most, however many there are.
    /// - Returns: Nil if none is known of another key.
    package func nearest(to key: ActionKey) throws -> NearestAction? {
        var best: NearestAction?
        for other in try candidates(for: key) where other != key.digest {
            guard let record = try soundAction(other), record.key.stage == key.stage else {
                continue
            }
            let differences = key.json.differences(from: record.key.json)
            if let best, best.differences.count <= differences.count { continue }
            best = NearestAction(record: record, differences: differences)
        }
        return best
    }

    /// The record of a key; nil for a damaged one, which is for `lookup` and `verify` to remove.
    func soundAction(_ key: Digest) throws -> ActionRecord? {
        do {
            return try loadAction(key)
        } catch is ActionFault {
            return nil
        }
    }
}

extension CanonicalJSON {
    /// The leaves in which two values differ, in canonical order.
    func differences(from earlier: CanonicalJSON?, path: String = "") -> [FieldDifference] {
        switch (self, earlier) {
        case (.object(let here), .object(let there)):
            let keys = here.merging(there) { value, _ in value }.keys
                .sorted(by: ExactString.precedes)
            return keys.flatMap { key in
                let inner = path.isEmpty ? key : "\(path).\(key)"
                return Self.differences(here[key], there[key], inner)
            }
        case (.array(let here), .array(let there)):
            return (0..<max(here.count, there.count)).flatMap { index in
                Self.differences(
                    index < here.count ? here[index] : nil,
                    index < there.count ? there[index] : nil, "\(path)[\(index)]")
            }
        default:
            if bytes == earlier?.bytes { return [] }
            return [FieldDifference(path: path, asked: text, earlier: earlier?.text)]
        }
    }

    private static func differences(
        _ here: CanonicalJSON?, _ there: CanonicalJSON?, _ path: String
    ) -> [FieldDifference] {
        if let here { return here.differences(from: there, path: path) }
        return [FieldDifference(path: path, asked: nil, earlier: there?.text)]
    }
}
