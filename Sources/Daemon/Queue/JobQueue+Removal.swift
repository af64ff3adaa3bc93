// What people remove of jobs.

package import Jobs

extension JobQueue {
    /// - Throws: `ErrorDocument`: not found, forbidden, refused.
    package func remove(
        _ id: String, what: RemovedPart, by caller: Caller
    ) throws -> RemovalReceipt {
        _ = try allowed(id, caller, "remove")
        throw ErrorDocument(code: .unavailable, message: "this server cannot remove yet")
    }
}
