// What was removed from the store, when and for whom: events of the index, which `layerfold audit`
// shows too where somebody asked for it.

import Failures
import Foundation
import Jobs
import Logging
import Store

/// A collection that took place.
struct PastCollection: Sendable, Equatable {
    struct Contents: Codable, Sendable, Equatable {
        /// User number; nil where the daemon did it by itself.
        var by: Int?
        var admin: Bool?
        let bytes: Int
        let keptBytes: Int
        let steps: Int
        /// That the steps once took to compute.
        let seconds: Double

        private enum CodingKeys: String, CodingKey {
            case by, admin, bytes, steps, seconds
            case keptBytes = "kept_bytes"
        }
    }

    /// Milliseconds since 1970 UTC.
    let at: Int
    let contents: Contents
}

extension JobQueue {
    private static let collected = "store-collected"

    /// Notes a collection. Where that fails, the collection took place all the same.
    func note(_ report: CollectorReport, by caller: Caller?) {
        do {
            let contents = PastCollection.Contents(
                by: caller?.user, admin: caller?.isAdmin, bytes: report.freedBytes,
                keptBytes: report.keptBytes, steps: report.actions.count,
                seconds: report.lostSeconds.isFinite ? report.lostSeconds : 0)
            try index.commit([
                .init(
                    event: EventRow(
                        at: configuration.clock.now(), job: nil, type: Self.collected,
                        data: String(decoding: try JobJSON.encode(contents), as: UTF8.self)))
            ])
            keepAudit()
        } catch {
            logger.warning(
                "a collection could not be noted",
                metadata: ["reason": "\(FaultText.describe(error))"])
        }
    }

    /// The last ones, the newest first.
    func pastCollections(countMax: Int) throws -> [PastCollection] {
        try index.newestEvents(ofType: Self.collected, countMax: countMax).compactMap { _, event in
            let contents = try? JSONDecoder().decode(
                PastCollection.Contents.self, from: Data(event.data.utf8))
            return contents.map { PastCollection(at: event.at, contents: $0) }
        }
    }
}
