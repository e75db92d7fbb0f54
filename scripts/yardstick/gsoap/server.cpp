// A gSOAP server with nothing behind it: what the fastest SOAP stack known does with one command.
// A thread for each connection, as keep-alive in gSOAP wants it. Prints where it listens and ends
// with its standard input, like the other parts of the bench.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <unistd.h>

#include "StandardCCService.nsmap"
#include "soapH.h"

static void *serve(void *one)
{
    struct soap *soap = static_cast<struct soap *>(one);
    soap_serve(soap);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return NULL;
}

static void *accept_all(void *main)
{
    struct soap *soap = static_cast<struct soap *>(main);
    while (soap_valid_socket(soap_accept(soap)))
    {
        struct soap *copy = soap_copy(soap);
        pthread_t thread;
        if (!copy || pthread_create(&thread, NULL, serve, copy))
            return NULL;
        pthread_detach(thread);
    }
    return NULL;
}

int main()
{
    struct soap *soap = soap_new1(SOAP_IO_KEEPALIVE | SOAP_IO_BUFFER | SOAP_C_UTFSTRING);
    soap->max_keep_alive = 0; // without end
    soap->tcp_keep_alive = 1;
    soap->bind_flags = SO_REUSEADDR;
    soap->accept_flags = 0;
    if (!soap_valid_socket(soap_bind(soap, "127.0.0.1", 0, 1024)))
        return 1;
    int on = 1;
    setsockopt(soap->master, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // connections inherit it
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    if (getsockname(soap->master, reinterpret_cast<struct sockaddr *>(&address), &length))
        return 1;
    printf("127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    pthread_t thread;
    if (pthread_create(&thread, NULL, accept_all, soap))
        return 1;
    char end[64];
    while (read(0, end, sizeof end) > 0)
        ;
    _exit(0);
}

int ns__clearCall(struct soap *soap, xsd__long, xsd__long, xsd__long, ns__clearCallResponse &out)
{
    out.return_ = soap_new_cc__result(soap);
    if (!out.return_)
        return SOAP_EOM;
    out.return_->errorDescription = const_cast<char *>("The call is not known at this object.");
    out.return_->result = false;
    return SOAP_OK;
}
