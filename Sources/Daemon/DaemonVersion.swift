// The version that the daemon tells its clients.

package enum DaemonVersion {
    package static let text = "1"
}
