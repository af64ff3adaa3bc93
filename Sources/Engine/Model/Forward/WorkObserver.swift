// How long work tells of its progress, and how it is stopped.

/// What long work tells while it runs, and how it is stopped.
package protocol WorkObserver {
    /// Called between steps; throws `CancellationError` or the like to stop the work.
    func checkpoint() throws
    /// `done` of `total` units are finished; `detail` names the place ("layer 3 of 16").
    func progress(done: Int, total: Int, unit: String, detail: String)
}

/// An observer that hears nothing and never stops the work.
package struct SilentObserver: WorkObserver {
    package init() {}
    package func checkpoint() throws {}
    package func progress(done: Int, total: Int, unit: String, detail: String) {}
}

/// Stops as the other does, and tells nothing: the work around it has a count of its own.
package struct Quiet<Observer: WorkObserver>: WorkObserver {
    private let observer: Observer

    package init(_ observer: Observer) { self.observer = observer }

    package func checkpoint() throws { try observer.checkpoint() }
    package func progress(done: Int, total: Int, unit: String, detail: String) {}
}
