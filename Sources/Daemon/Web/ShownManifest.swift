// Whose manifest is shown to whom: one that says where its owner is told (`notify`) holds a key.

import Jobs

extension JobDetail {
    /// Of a job whose record is lost nobody knows what its manifest says.
    func showsManifest(to caller: Caller) -> Bool {
        if let owner = summary.owner, caller.mayChange(jobOf: owner) { return true }
        guard let record else { return caller.isAdmin }
        return record.description.notify == nil
    }

    /// What stands there instead.
    static let hiddenManifest =
        "The manifest says where its owner is told of the job (`notify`): it is for the owner and "
        + "admins."
}
