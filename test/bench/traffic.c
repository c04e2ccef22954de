/*
 * Packets for the benchmarks, in as little time outside the kernel as can be.
 *
 *   traffic udp SOURCE DESTINATION PORT PACKETS FLOWS   sends; prints ns per packet (the median over batches)
 *   traffic serve PORT                                  answers each TCP connection's byte with a byte
 *   traffic connect DESTINATION PORT CONNECTIONS        one after another; prints ns per connection (the median)
 *   traffic flush                                       empties the namespace's connection tracking
 */
#define _GNU_SOURCE /* for sendmmsg */
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, FIRST_PORT = 2000, PORTS = 60000 };

struct packet {
  struct iphdr ip;
  struct udphdr udp;
  char payload[18];
};

static void must(int succeeded, const char *what) {
  if (succeeded) return;
  perror(what);
  exit(1);
}

static long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000L + time.tv_nsec;
}

static int ascending(const void *one, const void *other) {
  long difference = *(const long *)one - *(const long *)other;
  return (difference > 0) - (difference < 0);
}

static void print_median(long *times, int count, int each) {
  qsort(times, count, sizeof *times, ascending);
  printf("%.1f\n", (double)times[count / 2] / each);
}

static struct sockaddr_in address(const char *text, int port) {
  struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons(port)};
  must(inet_pton(AF_INET, text, &result.sin_addr) == 1, text);
  return result;
}

/* A raw socket may send as any port, so a flow costs the sender nothing. */
static void udp(const char *source, const char *destination, int port, int packets, int flows) {
  static struct packet batch[BATCH];
  static struct mmsghdr messages[BATCH];
  static struct iovec parts[BATCH];
  int socket_ = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  must(socket_ >= 0, "socket");
  struct sockaddr_in from = address(source, 0), to = address(destination, 0);
  must(connect(socket_, (struct sockaddr *)&to, sizeof to) == 0, "connect");
  long *times = calloc(packets / BATCH, sizeof *times);
  for (int round = 0, flow = 0; round < packets / BATCH; round++) {
    for (int index = 0; index < BATCH; index++, flow = (flow + 1) % flows) {
      struct packet *packet = &batch[index];
      packet->ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
      packet->ip.tot_len = htons(sizeof *packet);
      packet->ip.saddr = from.sin_addr.s_addr;
      packet->ip.daddr = to.sin_addr.s_addr;
      packet->udp = (struct udphdr){.source = htons(FIRST_PORT + flow % PORTS), .dest = htons(port)};
      packet->udp.len = htons(sizeof *packet - sizeof packet->ip);
      parts[index] = (struct iovec){packet, sizeof *packet};
      messages[index].msg_hdr.msg_iov = &parts[index];
      messages[index].msg_hdr.msg_iovlen = 1;
    }
    long start = now();
    must(sendmmsg(socket_, messages, BATCH, 0) == BATCH, "sendmmsg");
    times[round] = now() - start;
  }
  print_median(times, packets / BATCH, BATCH);
}

static void serve(int port) {
  int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in here = address("0.0.0.0", port);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  must(bind(listener, (struct sockaddr *)&here, sizeof here) == 0, "bind");
  must(listen(listener, 1024) == 0, "listen");
  puts("listening");
  fflush(stdout);
  for (;;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) continue;
    char byte;
    while (read(client, &byte, 1) == 1 && write(client, &byte, 1) == 1) continue;
    close(client);
  }
}

static void connect_often(const char *destination, int port, int connections) {
  struct sockaddr_in to = address(destination, port);
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  int one = 1;
  long *times = calloc(connections, sizeof *times);
  for (int index = 0; index < connections; index++) {
    char byte = 'x';
    long start = now();
    int server = socket(AF_INET, SOCK_STREAM, 0);
    /* Closing resets: no side is left with a port in TIME_WAIT. */
    setsockopt(server, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    must(connect(server, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    must(write(server, &byte, 1) == 1 && read(server, &byte, 1) == 1, "exchange");
    close(server);
    times[index] = now() - start;
  }
  print_median(times, connections, 1);
}

static void flush(void) {
  struct {
    struct nlmsghdr header;
    struct nfgenmsg message;
  } request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
  };
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
    char rest[256];
  } answer = {.error = {.error = -1}};
  int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  must(send(netlink, &request, sizeof request, 0) == sizeof request, "send");
  must(recv(netlink, &answer, sizeof answer, 0) > 0 && answer.error.error == 0, "flush");
}

int main(int count, char **words) {
  const char *mode = count > 1 ? words[1] : "";
  if (strcmp(mode, "udp") == 0 && count == 7)
    udp(words[2], words[3], atoi(words[4]), atoi(words[5]), atoi(words[6]));
  else if (strcmp(mode, "serve") == 0 && count == 3) serve(atoi(words[2]));
  else if (strcmp(mode, "connect") == 0 && count == 5) connect_often(words[2], atoi(words[3]), atoi(words[4]));
  else if (strcmp(mode, "flush") == 0) flush();
  else return 2;
  return 0;
}
