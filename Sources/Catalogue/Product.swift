// What this program is: the one place that says its version.

package enum Product {
    /// What both programs, reports and the daemon's status print; the newest heading of
    /// CHANGELOG.md. No key in the store holds it: a release keeps what earlier ones computed,
    /// and a stage's own version tells of changed results.
    package static let version = "0.1.0"
}
