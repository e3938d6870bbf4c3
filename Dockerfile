FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /skylog .

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates novnc qemu-system-x86 qemu-utils xz-utils \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/skylog --create-home skylog
COPY --from=build /skylog /usr/local/bin/skylog
# Without root, guests have user-mode networking. For networks of tenants run as
# root with NET_ADMIN and SYS_ADMIN.
USER skylog
WORKDIR /var/lib/skylog
VOLUME /var/lib/skylog
EXPOSE 5000
STOPSIGNAL SIGTERM
ENTRYPOINT ["skylog"]
CMD ["serve", "--listen", "0.0.0.0:5000", "--data", "/var/lib/skylog/data"]
